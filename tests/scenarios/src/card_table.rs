//! What every shipped card profile must end in, operation by operation: one table, run in process by agent/tests/cards/card_kinds.rs
//! and through pcscd by tests/every_card.rs here.

use paraphe_protocol::api::ErrorCode;

/// What a profile's card must be seen as, and how each group of operations must end on it.
#[derive(Debug)]
pub struct Row {
    /// Name of the shipped profile.
    pub profile: &'static str,
    /// Kind in the API.
    pub kind: &'static str,
    /// What `card/read` says that the card proves.
    pub read: Result<&'static str, ErrorCode>,
    /// `login` and `lot/sign`.
    pub acts: Result<(), ErrorCode>,
    /// Practice situations behind the PIN.
    pub situations: Result<usize, ErrorCode>,
    /// Beneficiaries.
    pub vitale: Result<usize, ErrorCode>,
}

const fn row(
    profile: &'static str,
    kind: &'static str,
    read: Result<&'static str, ErrorCode>,
    acts: Result<(), ErrorCode>,
    situations: Result<usize, ErrorCode>,
    vitale: Result<usize, ErrorCode>,
) -> Row {
    Row {
        profile,
        kind,
        read,
        acts,
        situations,
        vitale,
    }
}

const HOLDER: Result<&str, ErrorCode> = Ok("holder");
const NOT_VITALE: Result<usize, ErrorCode> = Err(ErrorCode::CardNotVitale);
/// What a card without contacts answers where its holder is asked for.
pub const NO_HOLDER: ErrorCode = ErrorCode::CardProvesNoHolder;
const PATIENT: ErrorCode = ErrorCode::CardNotAProfessionalCard;

const fn works(profile: &'static str, kind: &'static str, situations: usize) -> Row {
    row(profile, kind, HOLDER, Ok(()), Ok(situations), NOT_VITALE)
}

const fn patient(profile: &'static str, beneficiaries: usize) -> Row {
    let no = Err(PATIENT);
    row(
        profile,
        "vitale2",
        Err(PATIENT),
        Err(PATIENT),
        no,
        Ok(beneficiaries),
    )
}

/// Every shipped profile.
pub const TABLE: [Row; 16] = [
    works("physician", "cps3", 2),
    works("nurse", "cps3", 1),
    works("student", "cps3", 0),
    works("reception-nominative", "cps3", 1),
    works("reception-service", "cps3", 1),
    works("authorised-person", "cps3", 1),
    works("physician-sixteen-situations", "cps3", 16),
    works("physician-without-situation", "cps3", 0),
    works("physician-cps4", "cps4", 2),
    works("reception-cps4", "cps4", 1),
    row(
        "physician-contactless",
        "cps3-contactless",
        Ok("card-only"),
        Err(NO_HOLDER),
        Err(NO_HOLDER),
        NOT_VITALE,
    ),
    row(
        "physician-blocked",
        "cps3",
        HOLDER,
        Err(ErrorCode::PinBlocked),
        Err(ErrorCode::PinBlocked),
        NOT_VITALE,
    ),
    row(
        "physician-expired",
        "cps3",
        HOLDER,
        Err(ErrorCode::CertificateExpired),
        Ok(1),
        NOT_VITALE,
    ),
    patient("vitale-holder", 1),
    patient("vitale-family", 3),
    row(
        "vitale1",
        "vitale1",
        Err(ErrorCode::CardVitale1),
        Err(ErrorCode::CardVitale1),
        Err(ErrorCode::CardVitale1),
        Err(ErrorCode::CardVitale1),
    ),
];

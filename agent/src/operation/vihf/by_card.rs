//! Mode DIRECTE. The practice situation lies behind the PIN: it is read, laid out and signed in the one step that presents the PIN,
//! so that the card that names the structure is the card that signs. Everything else is checked before anybody is asked.

use paraphe_certs::{CardSignature, Certificate};
use paraphe_protocol::api::{ErrorCode, VihfRequest};
use paraphe_protocol::card::PracticeSituation;
use paraphe_protocol::vihf::{PracticePlace, PreparedVihf, VihfAuthor, VihfMode};

use super::super::lot_sign::situation;
use super::super::pin_dialogue::PinDialogue;
use super::super::{Context, card_certificate};
use super::{Made, Statement};
use crate::problem::Failure;
use crate::token::Token;

pub(super) fn sign(
    context: &Context<'_>,
    statement: &Statement,
    token: &Token,
    request: &VihfRequest,
) -> Result<Made, Failure> {
    let certificate = token
        .signature
        .clone()
        .ok_or(ErrorCode::CertificateMissing)?;
    let now = card_certificate::now();
    card_certificate::check::<CardSignature>(context, &certificate, now)?;
    let card = Card {
        statement: statement.clone(),
        certificate,
        speciality: request.speciality.clone(),
        number: request.practice_situation,
    };
    // Made once for nothing, so that what cannot be made is refused before a PIN is asked for.
    card.prepare(&PracticePlace::of_situation(&some_situation())?)?;
    let purpose = statement.pin_purpose(VihfMode::Direct, None);
    let (prepared, place, signature) =
        PinDialogue::new(context, token, purpose)?.run(context, move |unlocked| {
            let (prepared, place) = match card.lay_out(unlocked.practice_situations()?) {
                Ok(laid_out) => laid_out,
                Err(failure) => return Ok(Err(failure)),
            };
            let bytes = prepared.to_be_signed();
            let signature = unlocked.sign_document(prepared.algorithm(), bytes)?;
            Ok(Ok((prepared, place, signature)))
        })??;
    Ok(Made {
        assertion: prepared.complete(signature.as_bytes())?,
        expires_at: prepared.expires_at(),
        place,
    })
}

/// What is known of an assertion before the card tells its practice situations.
struct Card {
    statement: Statement,
    certificate: Certificate,
    speciality: Option<String>,
    number: Option<u8>,
}

impl Card {
    fn lay_out(
        &self,
        situations: Vec<PracticeSituation>,
    ) -> Result<(PreparedVihf, PracticePlace), Failure> {
        let place = PracticePlace::of_situation(&situation(situations, self.number)?)?;
        Ok((self.prepare(&place)?, place))
    }

    fn prepare(&self, place: &PracticePlace) -> Result<PreparedVihf, Failure> {
        let author = VihfAuthor::Card {
            signature: &self.certificate,
            speciality: self.speciality.as_deref(),
            place,
        };
        self.statement.prepare(author, card_certificate::now())
    }
}

/// In the place of the one behind the PIN, in a layout that nobody signs.
fn some_situation() -> PracticeSituation {
    PracticeSituation {
        number: 1,
        mode: None,
        structure_name: None,
        structure_id: Some("1000000000".to_owned()),
        sector: Some("SA07".to_owned()),
        unknown: Vec::new(),
    }
}

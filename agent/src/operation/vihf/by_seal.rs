//! Modes INDIRECTE and INDIRECTE_RENFORCEE: a structure answers for a user. This agent vouches for nobody whom it did not see prove
//! it: the user's card signs a login of our own, addressed to nobody, with the PIN, which is verified with the card's own
//! certificate and goes nowhere; then the seal, a software token with its sector in the configuration, signs with its passphrase.

use paraphe_certs::{CardLogin, Certificate, Structure, StructureSeal, UnixTime};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::{ErrorCode, VihfRequest};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::login::{
    self, AgentNonce, Audience, ChannelBinding, MAX_LIFETIME_SECONDS, OfferedAlgorithms, Origin,
    PreparedLogin, ServerNonce,
};
use paraphe_protocol::vihf::{PreparedVihf, Sector, VihfAuthor, VihfMode, VihfUser};

use super::super::asking_server::agent_nonce;
use super::super::pin_dialogue::PinDialogue;
use super::super::selection::{self, Family};
use super::super::{Context, card_certificate};
use super::{Made, Statement};
use crate::problem::Failure;
use crate::random::random_bytes;
use crate::token::{Bearer, Token};

pub(super) fn sign(
    context: &Context<'_>,
    statement: &Statement,
    card: &Token,
    request: &VihfRequest,
) -> Result<Made, Failure> {
    let seal = Seal::find(context, request.structure.as_deref())?;
    let certificate = card
        .authentication
        .clone()
        .ok_or(ErrorCode::CertificateMissing)?;
    let now = card_certificate::now();
    card_certificate::check::<CardLogin>(context, &certificate, now)?;
    card_certificate::check::<StructureSeal>(context, &seal.certificate, now)?;
    let author = Author {
        statement: statement.clone(),
        seal: seal.certificate.clone(),
        sector: seal.sector.clone(),
        user: VihfUser::of_card(&certificate, request.speciality.as_deref())?,
        reinforced: request.mode == VihfMode::IndirectReinforced,
    };
    // Both made once for nothing, so that what cannot be made is refused before anybody is asked.
    author.prepare(now)?;
    let purpose = || statement.pin_purpose(request.mode, Some(&seal.structure.name));
    let dialogue = PinDialogue::new(context, card, purpose())?;
    let spki = certificate.spki_der();
    let algorithm = OfferedAlgorithms::all().choose(spki, |known| card.logs_in_by(known))?;
    let presence = Presence {
        algorithm,
        nonce: random_nonce()?,
        agent_nonce: agent_nonce()?,
        certificate,
        shown: Sha256Digest::of(dialogue.statement().as_bytes()),
    };
    presence.prepare(now)?;
    // The token verifies the signature with the card's own certificate.
    let authenticated_at = dialogue.run(context, move |unlocked| {
        let now = card_certificate::now();
        let prepared = match presence.prepare(now) {
            Ok(prepared) => prepared,
            Err(failure) => return Ok(Err(failure)),
        };
        unlocked.sign_authentication(prepared.algorithm(), prepared.to_be_signed())?;
        Ok(Ok(now))
    })??;
    // Laid out in earnest once the passphrase is in: its five minutes must not run while the person types.
    let (prepared, signature) =
        PinDialogue::new(context, &seal.token, purpose())?.run(context, move |unlocked| {
            let prepared = match author.prepare(authenticated_at) {
                Ok(prepared) => prepared,
                Err(failure) => return Ok(Err(failure)),
            };
            let bytes = prepared.to_be_signed();
            let signature = unlocked.sign_document(prepared.algorithm(), bytes)?;
            Ok(Ok((prepared, signature)))
        })??;
    Ok(Made {
        assertion: prepared.complete(signature.as_bytes())?,
        expires_at: prepared.expires_at(),
        place: prepared.place().clone(),
    })
}

/// A structure's seal, as the configuration describes it.
struct Seal {
    token: Token,
    certificate: Certificate,
    structure: Structure,
    sector: Sector,
}

impl Seal {
    /// The software token of that name, or the only one with a sector.
    fn find(context: &Context<'_>, named: Option<&str>) -> Result<Self, Failure> {
        let configured = &context.agent.config.software_tokens;
        let mut fitting = configured.iter().filter(|token| {
            token.sector.is_some() && named.is_none_or(|named| named == token.name.as_str())
        });
        let (Some(configured), None) = (fitting.next(), fitting.next()) else {
            return Err(ErrorCode::StructureSealMissing.into());
        };
        let name = Some(configured.name.as_str());
        let token = selection::token(context, Family::Holder, name, None)?;
        let (Bearer::Structure(structure), Some(sector)) = (token.bearer()?, &configured.sector)
        else {
            return Err(ErrorCode::StructureSealMissing.into());
        };
        Ok(Self {
            certificate: token
                .signature
                .clone()
                .ok_or(ErrorCode::StructureSealMissing)?,
            structure,
            sector: sector.clone(),
            token,
        })
    }
}

/// Whom the structure answers for.
struct Author {
    statement: Statement,
    seal: Certificate,
    sector: Sector,
    user: VihfUser,
    reinforced: bool,
}

impl Author {
    fn prepare(&self, authenticated_at: UnixTime) -> Result<PreparedVihf, Failure> {
        let author = VihfAuthor::Structure {
            seal: &self.seal,
            sector: &self.sector,
            user: &self.user,
            reinforced: self.reinforced,
        };
        self.statement.prepare(author, authenticated_at)
    }
}

/// Audience and origin of the login that the card signs here: no record server has them.
const NOBODY: &str = "urn:paraphe:presence";
const NOWHERE: &str = "https://presence.paraphe.invalid";

/// The login that the card signs here and now, and that goes nowhere.
struct Presence {
    algorithm: SignatureAlgorithm,
    nonce: ServerNonce,
    agent_nonce: AgentNonce,
    certificate: Certificate,
    shown: Sha256Digest,
}

impl Presence {
    fn prepare(&self, now: UnixTime) -> Result<PreparedLogin, Failure> {
        let lifetime = i64::try_from(MAX_LIFETIME_SECONDS).unwrap_or_default();
        let audience: Audience = NOBODY
            .parse()
            .map_err(|_| Failure::new(ErrorCode::Internal))?;
        let origin: Origin = NOWHERE
            .parse()
            .map_err(|_| Failure::new(ErrorCode::Internal))?;
        let request = login::LoginRequest {
            algorithm: self.algorithm,
            audience: &audience,
            origin: &origin,
            nonce: &self.nonce,
            agent_nonce: self.agent_nonce,
            issued_at: now,
            expires_at: now.plus_seconds(lifetime),
            certificate: &self.certificate,
            channel_binding: ChannelBinding::None,
            shown: self.shown,
            offered: &OfferedAlgorithms::all(),
        };
        Ok(request.prepare()?)
    }
}

/// Of no server's, so that what is signed over it opens nothing.
fn random_nonce() -> Result<ServerNonce, Failure> {
    random_bytes().map(ServerNonce::of_32_bytes)
}

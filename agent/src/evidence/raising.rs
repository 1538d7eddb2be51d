//! A signature file's way up the levels: stamped, provided with evidence, stamped again. The card is not needed for any of it.

use paraphe_certs::{Certificate, DocumentSigning, TimeStamping, TrustStore, UnixTime};
use paraphe_protocol::signature::{Contents, Evidence, Level, SignatureFile, SigningError};
use paraphe_protocol::time_stamp::TimeStampToken;

use super::{EvidenceError, EvidenceSource};

impl EvidenceSource {
    /// Raises a file to a level. `store` is the one of the signer's authorities, `contents` gives detached documents once more.
    pub(crate) fn raise(
        &self,
        file: &mut dyn SignatureFile,
        level: Level,
        signer: &Certificate,
        store: &TrustStore,
        contents: &mut dyn Contents,
        now: UnixTime,
    ) -> Result<(), EvidenceError> {
        let mut tokens: Vec<TimeStampToken> = Vec::new();
        while file.level() < level {
            let before = file.level();
            if before == Level::T {
                let evidence = self.evidence(store, signer, &tokens, now)?;
                file.add_evidence(&evidence)?;
            } else {
                let imprint = file.imprint(self.time_stamp_digest(), contents)?;
                let token = self.stamp(&imprint, now)?;
                file.add_time_stamp(&token)?;
                tokens.push(token);
            }
            if file.level() <= before {
                return Err(SigningError::OutOfOrder { level: before }.into());
            }
        }
        Ok(())
    }

    /// What a verifier needs for a signer and for these time stamps.
    fn evidence(
        &self,
        store: &TrustStore,
        signer: &Certificate,
        tokens: &[TimeStampToken],
        now: UnixTime,
    ) -> Result<Evidence, EvidenceError> {
        let mut evidence = Evidence::default();
        self.gather::<DocumentSigning>(store, signer, &[], now, &mut evidence)?;
        let time_stamping = self.time_stamping().load()?;
        for token in tokens {
            let authority = token.verify(&[])?;
            let further = token.certificates();
            self.gather::<TimeStamping>(&time_stamping, &authority, further, now, &mut evidence)?;
        }
        Ok(evidence)
    }
}

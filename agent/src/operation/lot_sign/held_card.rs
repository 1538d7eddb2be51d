//! A lot whose PIN is typed on the reader's own keypad. The practice situation that headers name lies behind the PIN, and this
//! program never has the PIN to present it again. So the one entry opens one transaction: the situations are read, the card
//! waits while the documents are wrapped, and signs. The person types once. Where the PIN can be presented twice the card is
//! let go meanwhile instead, for the other programs that want it.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::card::PracticeSituation;

use super::prepared::Prepared;
use crate::operation::Context;
use crate::operation::pin_dialogue::PinDialogue;
use crate::problem::Failure;
use crate::token::{DocumentSignature, VERIFIED_LIMIT};

/// How long the card waits for the documents: two thousand ordinary ones.
const WRAPPING_LIMIT: Duration = Duration::from_secs(120);

/// Asks for the PIN, gives `prepare` the situations, and signs the lot that comes with what it made.
pub(super) fn sign<Made>(
    context: &Context<'_>,
    dialogue: PinDialogue<'_>,
    prepare: impl FnOnce(Vec<PracticeSituation>) -> Result<(Made, Arc<Prepared>), Failure>,
) -> Result<(Made, DocumentSignature), Failure> {
    let (tell_situations, situations) = mpsc::channel();
    let (tell_lot, lot) = mpsc::channel::<Arc<Prepared>>();
    let lot = Mutex::new(lot);
    thread::scope(|scope| {
        let tell_end = tell_situations.clone();
        let signing = scope.spawn(move || {
            let limit = VERIFIED_LIMIT.saturating_add(WRAPPING_LIMIT);
            let result = dialogue.run_within(context, limit, move |token| {
                // Nobody listens any more where the operation gave up: nothing is signed.
                let _ = tell_situations.send(Some(token.practice_situations()?));
                let lot = lot.lock().unwrap_or_else(PoisonError::into_inner);
                match lot.recv_timeout(WRAPPING_LIMIT) {
                    Ok(lot) => lot.sign(token).map(Some),
                    Err(_) => Ok(None),
                }
            });
            // The work may outlive a dialogue that ran out of time, and would keep the other end waiting.
            let _ = tell_end.send(None);
            result
        });
        let made = match situations.recv() {
            Ok(Some(situations)) => Some(prepare(situations)),
            Ok(None) | Err(_) => None,
        };
        let made = match made {
            Some(Ok((made, lot))) => {
                // A dialogue that has ended tells why.
                let _ = tell_lot.send(lot);
                Some(made)
            }
            Some(Err(failure)) => {
                drop(tell_lot);
                let _ = signing.join();
                return Err(failure);
            }
            None => None,
        };
        let signature = signing
            .join()
            .map_err(|_| Failure::new(ErrorCode::Internal))??;
        match (made, signature) {
            (Some(made), Some(signature)) => Ok((made, signature)),
            _ => Err(Failure::new(ErrorCode::LotTooManyDocuments).with_detail(
                "Les documents n'ont pas été préparés à temps pendant que la carte attendait.",
                "The documents were not prepared in time while the card waited.",
            )),
        }
    })
}

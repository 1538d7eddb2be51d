//! The card: one signature after the other, many in one transaction, for as long as something is ready. The card is let go when
//! nothing is, when others have waited long enough, and at any end, always reset. A PIN that the card did not accept ends the
//! mandate and so the batch; nothing here presents one by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::card::CardError;

use super::line::{Line, SignedItem};
use super::prepare_stage::refuse;
use super::queue::Popped;
use super::record::Record;
use crate::mandate::{Mandate, is_foreign_reset};
use crate::opened::Opened;
use crate::problem::Failure;
use crate::token::{TokenError, UnlockedToken, VERIFIED_LIMIT};

/// How long other programs wait for the card at most, while there is work. Other work of this agent waits for one signature.
const LONGEST_HOLD: Duration = Duration::from_secs(20);
/// How long the card is kept while nothing is ready.
const IDLE: Duration = Duration::from_millis(500);
/// How often it is looked whether those behind have room again.
const FULL: Duration = Duration::from_millis(20);
/// How long the next item is waited for, without the card.
const WAIT: Duration = Duration::from_millis(500);
/// How often in a row another program may reset the card, or keep it, without a signature in between.
const PATIENCE: u32 = 12;
/// How often in a row the card may refuse a signature: once, because another program may have taken its state away unseen.
const REFUSALS: u32 = 2;

/// Why a transaction ended.
enum Pause {
    /// Nothing is ready, or those behind are full, or it is others' turn.
    LetGo,
    /// Another program reset the card.
    Reset,
    /// The card refused.
    Refused(Failure),
    /// It is to stop.
    Stop(Option<Failure>),
}

/// Signs until nothing is left or something stops it.
pub(super) fn sign(line: &Arc<Line>, mandate: &Arc<Mandate>) {
    let (mut in_vain, mut refused) = (0, 0);
    while !line.is_stopping() {
        match line.ready.pop(WAIT) {
            Popped::Closed => break,
            Popped::Nothing => continue,
            Popped::Item(item) => line.ready.put_back(item),
        }
        if !line.signed.has_room() {
            std::thread::sleep(FULL);
            continue;
        }
        let signed_before = line.batch.signatures();
        let (work, under) = (Arc::clone(line), Arc::clone(mandate));
        let outcome =
            mandate.with_token(&line.agent, LONGEST_HOLD + VERIFIED_LIMIT, move |token| {
                Ok(sign_some(&work, &under, token))
            });
        if line.batch.signatures() > signed_before {
            (in_vain, refused) = (0, 0);
        }
        let again = match outcome {
            Ok(Ok(Pause::LetGo)) => continue,
            Ok(Ok(Pause::Reset)) => Failure::new(ErrorCode::ReaderBusy),
            Ok(Ok(Pause::Refused(failure))) => {
                refused += 1;
                if refused >= REFUSALS {
                    line.stop(Some(failure));
                    return;
                }
                failure
            }
            Ok(Ok(Pause::Stop(why))) => {
                line.stop(why);
                return;
            }
            Ok(Err(error)) if is_foreign_reset(&error) => error.into(),
            Ok(Err(error)) => {
                line.stop(Some(error.into()));
                return;
            }
            Err(failure)
                if matches!(
                    failure.code(),
                    ErrorCode::BusyQueued | ErrorCode::ReaderBusy
                ) =>
            {
                failure
            }
            Err(failure) => {
                line.stop(Some(failure));
                return;
            }
        };
        in_vain += 1;
        if in_vain >= PATIENCE {
            line.stop(Some(again));
            return;
        }
    }
    if line.is_stopping() {
        line.stop(None);
    }
}

/// Signs what is ready, in the transaction that is under way.
fn sign_some(line: &Line, mandate: &Arc<Mandate>, token: &mut dyn UnlockedToken) -> Pause {
    let begun = Instant::now();
    loop {
        if line.is_stopping() {
            return Pause::Stop(None);
        }
        let waited_for = mandate
            .token()
            .card_target()
            .is_some_and(|target| line.agent.readers.is_waited_for(target));
        if waited_for || begun.elapsed() >= LONGEST_HOLD || !line.signed.has_room() {
            return Pause::LetGo;
        }
        let laid_out = match line.ready.pop(IDLE) {
            Popped::Item(laid_out) => laid_out,
            Popped::Nothing | Popped::Closed => return Pause::LetGo,
        };
        let mut permit = match mandate.permit(&[laid_out.intent.document]) {
            Ok(permit) => permit,
            Err(failure) if failure.code() == ErrorCode::MandateDocumentNotApproved => {
                refuse(line, laid_out.item.item, &failure);
                continue;
            }
            Err(failure) => return Pause::Stop(Some(failure)),
        };
        let signature = match token
            .sign_document(laid_out.intent.algorithm, laid_out.signature.to_be_signed())
        {
            Ok(signature) => signature,
            Err(error) => {
                drop(permit);
                line.ready.put_back(laid_out);
                return match error {
                    error if is_foreign_reset(&error) => Pause::Reset,
                    TokenError::Card(error @ CardError::Status { .. }) => {
                        Pause::Refused(error.into())
                    }
                    error => Pause::Stop(Some(error.into())),
                };
            }
        };
        let value = signature.as_bytes().to_vec();
        // Written at once: a process that is killed after this line signs nothing twice.
        let record = Record::Signed {
            item: laid_out.item.item,
            value: STANDARD.encode(&value),
        };
        let recorded = line.batch.record(&line.journal, &[record]);
        permit.spend();
        line.batch.note_signature();
        match recorded {
            Ok(recorded) => line.signed.push_beyond(SignedItem {
                item: laid_out.item,
                signature: laid_out.signature,
                document: laid_out.intent.document,
                value,
                recorded,
                share: laid_out.share,
            }),
            Err(failure) => return Pause::Stop(Some(failure)),
        }
    }
}

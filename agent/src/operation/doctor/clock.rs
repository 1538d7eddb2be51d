//! The clock: it cannot be before what this workstation has already seen, its own certificate and this program's file; and whether somebody keeps it
//! right (systemd-timesyncd(8) leaves a mark once it has).

use std::path::Path;
use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_protocol::api::{DoctorCheck, DoctorSubject, ErrorCode};

use super::super::{Context, card_certificate};
use super::{Looked, fault};
use crate::problem::Sentence;
use crate::trust::TrustState;

/// What systemd-timesyncd leaves when the clock was set.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";

pub(super) fn look(context: &Context<'_>, door: Option<&TrustState>) -> DoctorCheck {
    let now = card_certificate::now();
    let synchronised = Path::new(SYNCHRONISED).exists();
    let looked = Looked::at(
        DoctorSubject::Clock,
        if synchronised {
            format!("{now}, synchronisée.")
        } else {
            format!("{now} ; ce poste ne dit pas si elle est synchronisée.")
        },
        if synchronised {
            format!("{now}, synchronised.")
        } else {
            format!("{now}; this workstation does not say whether it is synchronised.")
        },
    );
    let seen = [program_written(), door.map(|door| door.root().not_before())];
    let latest = seen.into_iter().flatten().max_by_key(|time| time.0);
    let Some(latest) = latest.filter(|latest| is_before(now, *latest)) else {
        return looked.judged(context.language);
    };
    let sentence = Sentence::new(
        format!("Elle indique {now}, avant le {latest}, déjà passé sur ce poste."),
        format!("It says {now}, before {latest}, which is past on this workstation."),
    );
    let wrong = fault(ErrorCode::ClockImplausible, &sentence, context.language);
    looked.with_faults(vec![wrong]).judged(context.language)
}

/// Earlier by more than clocks of two machines differ.
fn is_before(now: UnixTime, seen: UnixTime) -> bool {
    seen.0.saturating_sub(now.0) > UnixTime::DAY
}

fn program_written() -> Option<UnixTime> {
    let program = std::env::current_exe().ok()?;
    let written: SystemTime = program.metadata().ok()?.modified().ok()?;
    Some(UnixTime::from(written))
}

#[cfg(test)]
mod tests {
    use paraphe_certs::UnixTime;

    use super::is_before;

    #[test]
    fn a_day_is_no_fault_and_more_is() {
        let seen = UnixTime(1_800_000_000);
        assert!(!is_before(seen, seen));
        assert!(!is_before(UnixTime(seen.0 - UnixTime::DAY), seen));
        assert!(is_before(UnixTime(seen.0 - UnixTime::DAY - 1), seen));
        assert!(is_before(UnixTime(0), seen));
    }
}

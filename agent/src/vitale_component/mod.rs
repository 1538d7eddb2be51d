//! Official ways of reading a Vitale card: the operator's programs that are plugged in (`program`), and what is recognised
//! on this workstation without being plugged in (`official`). The licensed component itself is never loaded into the agent.

mod official;
mod program;

pub use official::{OfficialComponent, Recognised, recognise};
pub use program::{ComponentProgram, ProgramError};

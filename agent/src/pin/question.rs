//! A question that the person answers with yes or no, and nothing is typed: whether a site may have rights.

/// A question of yes or no. Silence is a no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Window title.
    pub title: &'static str,
    /// What is asked, line by line; the beginning is shown in any case.
    pub text: String,
    /// What the button for yes says.
    pub yes: &'static str,
    /// What the button for no says.
    pub no: &'static str,
}

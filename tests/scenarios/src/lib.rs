//! What the end-to-end tests share: programs started and stopped, and a workstation in a temporary folder.

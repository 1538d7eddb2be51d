//! Which browsers of this machine will believe the agent, judged by what their policy files say now: the root in use among the
//! certificates, each site among those that may reach the loopback, and no other file that undoes it. Anybody can ask.

use std::path::PathBuf;

use paraphe_certs::Certificate;
use paraphe_protocol::login::Origin;

use super::installation::{Wishes, permitted};
use super::machine::MachineRoot;
use super::{BROWSERS, Browser, Family, chromium, firefox};

/// What one browser will do with the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belief {
    /// Which browser.
    pub browser: Browser,
    /// Whether its program is there.
    pub is_installed: bool,
    /// Why it will not believe the agent, or not let a site through; nothing where all is well.
    pub doubts: Vec<Doubt>,
}

/// A reason why a browser will not believe the agent, or not let a site through without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// It was not given the root in use: it will show a certificate error.
    UnknownRoot,
    /// It was not given the root that follows: it will show a certificate error once the agent goes over to it.
    UnknownNextRoot,
    /// It will ask the person before a page of this site reaches the agent.
    SiteAsksFirst(String),
    /// This file sets one of our policies as well, and wins or loses against ours.
    SetElsewhere(PathBuf),
}

impl Belief {
    /// Whether it will take the agent's certificate.
    #[must_use]
    pub fn takes_certificate(&self) -> bool {
        !self
            .doubts
            .iter()
            .any(|doubt| matches!(doubt, Doubt::UnknownRoot | Doubt::SetElsewhere(_)))
    }
}

/// What each browser will do with an agent that has these roots, the one in use first, for pages of these sites.
#[must_use]
pub fn beliefs(machine: &MachineRoot, roots: &[&Certificate], sites: &[Origin]) -> Vec<Belief> {
    let wishes = Wishes {
        configured: sites.to_vec(),
        ..Wishes::default()
    };
    let sites = permitted(&wishes);
    BROWSERS
        .iter()
        .map(|browser| {
            let mut doubts = Vec::new();
            let (roots_known, sites_known) = match browser.family {
                Family::Chromium(directory) => {
                    let directory = machine.at(directory);
                    if let Ok(Some((path, _))) = chromium::set_elsewhere(&directory) {
                        doubts.push(Doubt::SetElsewhere(path));
                    }
                    let known = chromium::Known::read(&directory);
                    let roots: Vec<bool> = roots.iter().map(|root| known.has_root(root)).collect();
                    let sites: Vec<bool> = sites.iter().map(|site| known.has_site(site)).collect();
                    (roots, sites)
                }
                Family::Firefox => firefox_knows(machine, roots, &sites),
            };
            let unknown = [Doubt::UnknownRoot, Doubt::UnknownNextRoot];
            doubts.extend(
                roots_known
                    .into_iter()
                    .zip(unknown)
                    .filter_map(|(is_known, doubt)| (!is_known).then_some(doubt)),
            );
            doubts.extend(
                sites
                    .iter()
                    .zip(sites_known)
                    .filter(|(_, is_known)| !is_known)
                    .map(|(site, _)| Doubt::SiteAsksFirst(site.pattern())),
            );
            Belief {
                browser: *browser,
                is_installed: browser.is_installed(machine),
                doubts,
            }
        })
        .collect()
}

fn firefox_knows(
    machine: &MachineRoot,
    roots: &[&Certificate],
    sites: &[super::site::PermittedSite],
) -> (Vec<bool>, Vec<bool>) {
    let text = firefox::read(&machine.at(firefox::POLICIES)).ok().flatten();
    let entries = firefox::entries(text.as_deref().unwrap_or_default());
    let has_root = |root: &&Certificate| {
        let path = firefox::certificate_file(root);
        let is_listed = entries
            .install
            .iter()
            .any(|listed| path.as_os_str() == listed.as_str());
        let pem = std::fs::read(machine.at(&path)).unwrap_or_default();
        is_listed && Certificate::from_pem(&pem).is_ok_and(|there| there.der() == root.der())
    };
    let has_site = |site: &super::site::PermittedSite| {
        entries.skip_domains.iter().any(|host| host == site.host())
    };
    (
        roots.iter().map(has_root).collect(),
        sites.iter().map(has_site).collect(),
    )
}

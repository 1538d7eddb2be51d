//! Policies written, brought up to date and taken back, in a tree of files.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use paraphe_certs::Certificate;
use paraphe_certs::UnixTime;
use paraphe_certs::localhost::{LocalhostCertificates, MAX_VALIDITY};
use serde_json::{Value, json};

use super::{Doubt, InstallError, Installation, MachineRoot, PolicyFault, Wishes, beliefs};

const NOW: UnixTime = UnixTime(1_800_000_000);
const TLS: &str = "/var/lib/paraphe/tls";
const CHROMIUM: &str = "etc/chromium/policies/managed/paraphe.json";
const FIREFOX: &str = "etc/firefox/policies/policies.json";

struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn machine(&self) -> MachineRoot {
        MachineRoot::tree(self.0.path())
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.0.path().join(path)).unwrap()).unwrap()
    }

    /// Every directory and file, with what is in it.
    fn all(&self) -> BTreeMap<PathBuf, String> {
        fn walk(directory: &Path, found: &mut BTreeMap<PathBuf, String>) {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    found.insert(path.clone(), String::new());
                    walk(&path, found);
                } else {
                    found.insert(path.clone(), fs::read_to_string(&path).unwrap());
                }
            }
        }
        let mut found = BTreeMap::new();
        walk(self.0.path(), &mut found);
        found
    }

    fn install(&self, roots: &[Certificate], wishes: &Wishes) -> Result<(), InstallError> {
        let mut installation = Installation::of(self.machine())?;
        installation.begin(Path::new(TLS))?;
        installation.install(Path::new(TLS), roots, wishes)
    }

    fn remove(&self) -> usize {
        let mut installation = Installation::of(self.machine()).unwrap();
        installation.remove().unwrap().len()
    }

    fn doubts(&self, roots: &[Certificate], sites: &[&str]) -> Vec<Vec<Doubt>> {
        let roots: Vec<&Certificate> = roots.iter().collect();
        let sites: Vec<_> = sites.iter().map(|site| site.parse().unwrap()).collect();
        let beliefs = beliefs(&self.machine(), &roots, &sites);
        beliefs.into_iter().map(|belief| belief.doubts).collect()
    }
}

fn roots() -> Vec<Certificate> {
    (0..2)
        .map(|_| {
            let made = LocalhostCertificates::generate(NOW, MAX_VALIDITY).unwrap();
            made.root().clone()
        })
        .collect()
}

fn wishes(sites: &[&str]) -> Wishes {
    Wishes {
        configured: sites.iter().map(|site| site.parse().unwrap()).collect(),
        ..Wishes::default()
    }
}

const SITES: [&str; 3] = [
    "https://dossier.example.fr",
    "https://essai.example.fr:8443",
    "https://localhost:9000",
];

#[test]
fn each_browser_is_given_the_roots_and_the_sites_and_nothing_wider() {
    let (tree, roots) = (Tree::new(), roots());
    tree.install(&roots, &wishes(&SITES)).unwrap();
    let policy = tree.json(CHROMIUM);
    for other in ["etc/opt/chrome", "etc/opt/edge"] {
        assert_eq!(
            tree.json(&format!("{other}/policies/managed/paraphe.json")),
            policy
        );
    }
    assert_eq!(
        policy["LoopbackNetworkAllowedForUrls"],
        json!([
            "https://dossier.example.fr:443",
            "https://essai.example.fr:8443"
        ])
    );
    assert!(policy["LocalNetworkAccessAllowedForUrls"].is_null());
    let constrained = policy["CACertificatesWithConstraints"].as_array().unwrap();
    assert_eq!(constrained.len(), 2);
    for entry in constrained {
        assert_eq!(
            entry["constraints"]["permitted_dns_names"],
            json!(["localhost"])
        );
        assert_eq!(
            entry["constraints"]["permitted_cidrs"],
            json!(["127.0.0.1/32", "::1/128"])
        );
    }
    let firefox = tree.json(FIREFOX);
    assert_eq!(
        firefox["policies"]["LocalNetworkAccess"],
        json!({ "SkipDomains": ["dossier.example.fr", "essai.example.fr"] })
    );
    let files = firefox["policies"]["Certificates"]["Install"]
        .as_array()
        .unwrap();
    assert_eq!(files.len(), 2);
    for (file, root) in files.iter().zip(&roots) {
        // As Firefox will see it, not as the tree is now.
        let path = file.as_str().unwrap().strip_prefix('/').unwrap();
        assert_eq!(
            fs::read_to_string(tree.0.path().join(path)).unwrap(),
            root.pem()
        );
    }
    assert_eq!(tree.doubts(&roots, &SITES), vec![Vec::new(); 4]);
    let older = Wishes {
        older_browsers: true,
        ..wishes(&SITES)
    };
    tree.install(&roots, &older).unwrap();
    let policy = tree.json(CHROMIUM);
    assert_eq!(
        policy["LocalNetworkAccessAllowedForUrls"],
        policy["LoopbackNetworkAllowedForUrls"]
    );
}

#[test]
fn removing_leaves_the_machine_as_it_was() {
    let others = json!({ "policies": {
        "DisableTelemetry": true,
        "Certificates": { "Install": ["/etc/ssl/hospital.pem"], "ImportEnterpriseRoots": true },
        "LocalNetworkAccess": { "Enabled": true, "SkipDomains": ["dossier.example.fr"] },
    } });
    // Not as a JSON writer would lay it out, so that only the very bytes will do.
    let text = others.to_string().replace("\":", "\" :\n\t");
    for firefox in [None, Some(text.as_str())] {
        let (tree, roots) = (Tree::new(), roots());
        tree.write(
            "etc/chromium/policies/managed/hospital.json",
            "{ \"HomepageLocation\": \"x\" }",
        );
        if let Some(text) = firefox {
            tree.write(FIREFOX, text);
        }
        let before = tree.all();
        tree.install(&roots, &wishes(&SITES)).unwrap();
        assert_ne!(tree.all(), before);
        // Renewed in between, with one site less.
        tree.install(&self::roots(), &wishes(&SITES[..1])).unwrap();
        assert!(tree.remove() >= 5);
        assert_eq!(tree.all(), before);
        assert_eq!(tree.remove(), 0);
    }
}

#[test]
fn what_others_changed_since_stays() {
    let (tree, roots) = (Tree::new(), roots());
    tree.write(
        FIREFOX,
        r#"{"policies":{"LocalNetworkAccess":{"SkipDomains":["dossier.example.fr"]}}}"#,
    );
    tree.install(&roots, &wishes(&SITES)).unwrap();
    let mut policies = tree.json(FIREFOX);
    policies["policies"]["DisableTelemetry"] = json!(true);
    tree.write(FIREFOX, &policies.to_string());
    tree.write("etc/opt/edge/policies/managed/hospital.json", "{}");
    tree.install(&self::roots(), &wishes(&SITES)).unwrap();
    let files = tree.json(FIREFOX)["policies"]["Certificates"]["Install"].clone();
    assert_eq!(files.as_array().unwrap().len(), 2, "{files}");
    tree.remove();
    assert_eq!(
        tree.json(FIREFOX),
        json!({ "policies": {
            "DisableTelemetry": true,
            "LocalNetworkAccess": { "SkipDomains": ["dossier.example.fr"] },
        } })
    );
    let left: Vec<PathBuf> = tree.all().into_keys().collect();
    assert!(
        left.iter()
            .any(|path| path.ends_with("edge/policies/managed/hospital.json"))
    );
    assert!(
        !left.iter().any(|path| path.ends_with("chromium")),
        "{left:?}"
    );
}

#[test]
fn nothing_is_written_over_or_beside_what_others_decided() {
    for (path, text, fault) in [
        (
            "etc/opt/chrome/policies/managed/hospital.json",
            "{ // an administrator's\n \"LoopbackNetworkAllowedForUrls\": [\"https://x.example\",], }",
            PolicyFault::SetElsewhere("LoopbackNetworkAllowedForUrls"),
        ),
        (CHROMIUM, "{}", PolicyFault::Foreign),
        (FIREFOX, "{ policies: {} }", PolicyFault::NotJson),
        (FIREFOX, "[]", PolicyFault::NoPolicies),
        (
            FIREFOX,
            r#"{"policies":{"Certificates":{"Install":"a.pem"}}}"#,
            PolicyFault::Unexpected("Certificates", "Install"),
        ),
        (
            "usr/lib/firefox-esr/distribution/policies.json",
            r#"{"policies":{}}"#,
            PolicyFault::Hidden,
        ),
    ] {
        let tree = Tree::new();
        tree.write(path, text);
        let before = tree.all();
        match tree.install(&roots(), &wishes(&SITES)).unwrap_err() {
            InstallError::Policy {
                path: named,
                fault: found,
            } => {
                assert_eq!((named, found), (tree.0.path().join(path), fault));
            }
            other => panic!("{path}: {other}"),
        }
        assert_eq!(tree.all(), before, "{path}");
    }
}

#[test]
fn a_browser_that_will_not_believe_is_told_with_the_reason() {
    let (tree, roots) = (Tree::new(), roots());
    let nothing = tree.doubts(&roots, &SITES[..1]);
    for doubts in nothing {
        let site = "https://dossier.example.fr:443".to_owned();
        assert_eq!(
            doubts,
            [
                Doubt::UnknownRoot,
                Doubt::UnknownNextRoot,
                Doubt::SiteAsksFirst(site)
            ]
        );
    }
    tree.install(&roots, &wishes(&SITES[..1])).unwrap();
    // The pair that follows has taken over, and another was made that browsers do not know.
    let renewed = [roots[1].clone(), self::roots()[0].clone()];
    for doubts in tree.doubts(&renewed, &SITES[..1]) {
        assert_eq!(doubts, [Doubt::UnknownNextRoot]);
    }
    let other = "etc/chromium/policies/managed/zz.json";
    tree.write(other, r#"{"CACertificatesWithConstraints":[]}"#);
    let doubts = tree.doubts(&roots, &SITES[..1]);
    assert_eq!(doubts[0], [Doubt::SetElsewhere(tree.0.path().join(other))]);
    assert_eq!(doubts[1..], vec![Vec::new(); 3]);
    // A certificate file that is not the root's does not make Firefox believe.
    let named = super::firefox::certificate_file(&roots[0]);
    fs::write(tree.machine().at(named), roots[1].pem()).unwrap();
    assert_eq!(tree.doubts(&roots, &SITES[..1])[3], [Doubt::UnknownRoot]);
}

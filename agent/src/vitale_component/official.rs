//! The official Vitale components, and the files and directories by which each is recognised on Linux: the one table of
//! them. Presence is all that is told; nothing is opened, loaded or run. The places are those that third parties' published
//! configuration and sources name; what no source settles is in docs/assumptions.md, and an operator adds places by
//! configuration (`[[vitale_place]]`).

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// An official component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OfficialComponent {
    /// The reading library, "API de lecture de la carte Vitale".
    ApiLecture,
    /// The invoicing services SSV and their packages FSV, which read the card too.
    SsvFsv,
    /// The reader manager that older components go through.
    Galss,
    /// The presence and signature library.
    Mica,
    /// The reader of the "carte Vitale" phone app.
    Apcv,
}

struct Row {
    component: OfficialComponent,
    name: &'static str,
    title: &'static str,
    /// Whether it reads beneficiaries, so that a Vitale 1 can be read with it.
    reads: bool,
    /// Files and directories, the most telling first.
    places: &'static [&'static str],
}

const TABLE: [Row; 5] = [
    Row {
        component: OfficialComponent::ApiLecture,
        name: "api-lecture",
        title: "API de lecture de la carte Vitale (GIE SESAM-Vitale)",
        reads: true,
        // Its file api_lec.ini is known on Windows and macOS; no source places it on Linux.
        places: &[],
    },
    Row {
        component: OfficialComponent::SsvFsv,
        name: "ssv-fsv",
        title: "Services SESAM-Vitale (SSV/FSV)",
        reads: true,
        places: &["/opt/santesocial/fsv", "/usr/local/sesam", "/etc/sesam.ini"],
    },
    Row {
        component: OfficialComponent::Galss,
        name: "galss",
        title: "GALSS, gestionnaire d'accès au lecteur",
        reads: false,
        places: &[
            "/usr/local/galss/galsvlux",
            "/usr/local/galss",
            "/etc/galss.ini",
        ],
    },
    Row {
        component: OfficialComponent::Mica,
        name: "mica",
        title: "MICA, présence et signature Vitale",
        reads: false,
        // Known on Windows only.
        places: &[],
    },
    Row {
        component: OfficialComponent::Apcv,
        name: "apcv",
        title: "Lecteur de l'application carte Vitale (ApCV)",
        reads: true,
        // Under licence; no source places any of it.
        places: &[],
    },
];

/// An official component that is present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// Which.
    pub component: OfficialComponent,
    /// The file or directory by which it was recognised.
    pub place: PathBuf,
}

impl OfficialComponent {
    /// The name in the configuration and in `status`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What a person calls it.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// Whether it reads the beneficiaries of a card.
    #[must_use]
    pub fn reads_cards(self) -> bool {
        self.row().reads
    }

    fn row(self) -> &'static Row {
        let [api_lecture, ssv_fsv, galss, mica, apcv] = &TABLE;
        match self {
            Self::ApiLecture => api_lecture,
            Self::SsvFsv => ssv_fsv,
            Self::Galss => galss,
            Self::Mica => mica,
            Self::Apcv => apcv,
        }
    }
}

/// What is present, each component once, in the table's order. `added` are the operator's own places; they come first.
/// `exists` looks at a path; a path that cannot be looked at is not there.
#[must_use]
pub fn recognise(
    added: &[(OfficialComponent, PathBuf)],
    exists: impl Fn(&Path) -> bool,
) -> Vec<Recognised> {
    let found = |row: &Row| {
        let added = added
            .iter()
            .filter(|(component, _)| *component == row.component)
            .map(|(_, path)| path.as_path());
        let known = row.places.iter().map(Path::new);
        added
            .chain(known)
            .find(|path| exists(path))
            .map(|place| Recognised {
                component: row.component,
                place: place.to_owned(),
            })
    };
    TABLE.iter().filter_map(found).collect()
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{OfficialComponent, Recognised, TABLE, recognise};

    #[test]
    fn each_row_is_its_component_s() {
        for row in &TABLE {
            assert_eq!(row.component.name(), row.name);
            assert!(row.places.iter().all(|place| place.starts_with('/')));
        }
    }

    #[test]
    fn a_component_is_recognised_once_by_its_most_telling_place() {
        let present = ["/etc/galss.ini", "/usr/local/galss", "/opt/santesocial/fsv"];
        let found = recognise(&[], |path| {
            present.iter().any(|known| path == Path::new(known))
        });
        let recognised = |component, place: &str| Recognised {
            component,
            place: PathBuf::from(place),
        };
        assert_eq!(
            found,
            [
                recognised(OfficialComponent::SsvFsv, "/opt/santesocial/fsv"),
                recognised(OfficialComponent::Galss, "/usr/local/galss"),
            ]
        );
        assert_eq!(recognise(&[], |_| false), []);
    }

    #[test]
    fn the_operator_s_places_come_first_and_only_count_where_they_are() {
        let added = [
            (OfficialComponent::Apcv, PathBuf::from("/opt/editeur/apcv")),
            (OfficialComponent::Mica, PathBuf::from("/opt/editeur/mica")),
        ];
        let found = recognise(&added, |path| path == Path::new("/opt/editeur/apcv"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].component, OfficialComponent::Apcv);
    }
}

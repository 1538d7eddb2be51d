//! What a mandate is for: a number of signatures, or certain documents, each as often as it was approved. Thirty-three bytes a
//! document, because a batch has a hundred thousand.

use paraphe_protocol::digest::Sha256Digest;

/// What may be signed.
#[derive(Debug)]
pub(crate) enum Scope {
    /// So many signatures of whatever documents.
    Count(u32),
    /// These documents.
    Documents(ApprovedDocuments),
}

/// Digests of documents, each with whether its signature was made or is being made.
#[derive(Debug)]
pub(crate) struct ApprovedDocuments {
    /// Ascending.
    digests: Vec<Sha256Digest>,
    taken: Vec<bool>,
}

impl Scope {
    /// These documents, each as often as it stands there.
    pub(crate) fn documents(mut digests: Vec<Sha256Digest>) -> Self {
        digests.sort_unstable();
        Self::Documents(ApprovedDocuments {
            taken: vec![false; digests.len()],
            digests,
        })
    }

    /// Signatures in all.
    pub(crate) fn count(&self) -> u32 {
        match self {
            Self::Count(count) => *count,
            Self::Documents(approved) => u32::try_from(approved.digests.len()).unwrap_or(u32::MAX),
        }
    }
}

impl ApprovedDocuments {
    /// Takes one signature of each of these documents; gives their places. `None`, and nothing taken, where one of them is not
    /// approved, or not as often.
    pub(super) fn take_all(&mut self, documents: &[Sha256Digest]) -> Option<Vec<usize>> {
        let mut places = Vec::with_capacity(documents.len());
        for document in documents {
            match self.take(document) {
                Some(place) => places.push(place),
                None => {
                    places.iter().for_each(|place| self.give_back(*place));
                    return None;
                }
            }
        }
        Some(places)
    }

    /// Takes one signature of this document; gives its place. `None` where it is not approved, or not as often.
    fn take(&mut self, document: &Sha256Digest) -> Option<usize> {
        let first = self.digests.partition_point(|digest| digest < document);
        let same = self.digests.get(first..)?;
        let number = same.iter().take_while(|digest| *digest == document).count();
        let free = (first..first + number).find(|place| self.taken.get(*place) == Some(&false))?;
        *self.taken.get_mut(free)? = true;
        Some(free)
    }

    /// Gives a place back: no signature was made.
    pub(super) fn give_back(&mut self, place: usize) {
        if let Some(taken) = self.taken.get_mut(place) {
            *taken = false;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use paraphe_protocol::digest::Sha256Digest;

    use super::Scope;

    #[test]
    fn each_document_is_signed_as_often_as_it_was_approved() {
        let [one, two, three] = [b"1", b"2", b"3"].map(|text| Sha256Digest::of(text));
        let scope = Scope::documents(vec![two, one, two]);
        assert_eq!(scope.count(), 3);
        let Scope::Documents(mut approved) = scope else {
            panic!();
        };
        assert_eq!(approved.take(&three), None);
        assert!(approved.take(&one).is_some());
        assert_eq!(approved.take(&one), None);
        let first = approved.take(&two).unwrap();
        assert!(approved.take(&two).is_some());
        assert_eq!(approved.take(&two), None);
        approved.give_back(first);
        assert_eq!(approved.take_all(&[two, three]), None);
        assert_eq!(approved.take_all(&[two, two]), None);
        assert_eq!(approved.take_all(&[two]), Some(vec![first]));
    }
}

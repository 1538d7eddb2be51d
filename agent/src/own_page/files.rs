//! The page's files, part of this program: no file of the machine is ever served. Each has one path, one kind and one way in which a
//! browser asks for it (W3C Fetch Metadata Request Headers).

/// A file of the page.
#[derive(Debug, PartialEq, Eq)]
pub struct PageFile {
    path: &'static str,
    pub(crate) media_type: &'static str,
    /// `Sec-Fetch-Dest` of a request for it.
    pub(crate) destination: &'static str,
    pub(crate) content: &'static [u8],
}

impl PageFile {
    /// Whether it is the page itself, to which a person navigates, and no part of it.
    pub(crate) fn is_document(&self) -> bool {
        self.destination == "document"
    }
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

static FILES: [PageFile; 7] = [
    PageFile {
        path: "/",
        media_type: "text/html; charset=utf-8",
        destination: "document",
        content: include_bytes!("files/page.html"),
    },
    PageFile {
        path: "/page.css",
        media_type: "text/css; charset=utf-8",
        destination: "style",
        content: include_bytes!("files/page.css"),
    },
    PageFile {
        path: "/icon.svg",
        media_type: "image/svg+xml",
        destination: "image",
        content: include_bytes!("files/icon.svg"),
    },
    PageFile {
        path: "/words.js",
        media_type: SCRIPT,
        destination: "script",
        content: include_bytes!("files/words.js"),
    },
    PageFile {
        path: "/agent.js",
        media_type: SCRIPT,
        destination: "script",
        content: include_bytes!("files/agent.js"),
    },
    PageFile {
        path: "/parts.js",
        media_type: SCRIPT,
        destination: "script",
        content: include_bytes!("files/parts.js"),
    },
    PageFile {
        path: "/page.js",
        media_type: SCRIPT,
        destination: "script",
        content: include_bytes!("files/page.js"),
    },
];

/// The file at exactly this path.
pub(crate) fn file(path: &str) -> Option<&'static PageFile> {
    FILES.iter().find(|file| file.path == path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{FILES, file};

    #[test]
    fn the_page_names_its_own_files_and_nothing_inline_or_elsewhere() {
        let page = std::str::from_utf8(file("/").unwrap().content).unwrap();
        for part in FILES.iter().filter(|file| !file.is_document()) {
            let text = std::str::from_utf8(part.content).unwrap();
            let named = page.contains(&format!("\"{}\"", part.path));
            let imported = FILES.iter().any(|other| {
                let other = String::from_utf8_lossy(other.content);
                other.contains(&format!("from \".{}\"", part.path))
            });
            assert!(named || imported, "{}", part.path);
            for elsewhere in [
                "http://",
                "eval(",
                "innerHTML",
                "document.write",
                "outerHTML",
            ] {
                let is_namespace = part.path.ends_with(".svg") && elsewhere == "http://";
                assert!(is_namespace || !text.contains(elsewhere), "{}", part.path);
            }
        }
        for inline in [
            "<style",
            " style=",
            " onclick=",
            " onload=",
            "javascript:",
            "http",
        ] {
            assert!(!page.contains(inline), "{inline}");
        }
        assert_eq!(
            page.matches("<script").count(),
            page.matches("<script src=").count()
                + page.matches("<script type=\"module\" src=").count()
        );
        assert!(file("/../etc/passwd").is_none() && file("").is_none() && file("//").is_none());
    }
}

//! `paraphe login`: a login assertion for a record server's nonce, to be handed over as it is.

use std::path::PathBuf;

use clap::Args;
use paraphe_protocol::api::{LoginFormat, LoginRequest, Operation, RequestedBinding};
use paraphe_protocol::login::{ChannelBindingKind, OfferedAlgorithms, OfferedError};

use super::Ending;
use super::failure::Failure;
use super::handing_over::hand_over;
use super::output::{Lines, at, either};
use super::session::{Invocation, Session};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Le défi du serveur, base64url / the server's nonce, base64url
    // One base64url text in 64 begins with a hyphen.
    #[arg(long, value_name = "BASE64URL", allow_hyphen_values = true)]
    nonce: String,
    /// Nom du serveur de dossiers dans la configuration / name of the record server in the configuration
    #[arg(
        long,
        value_name = "NOM/NAME",
        required_unless_present = "web_eid_site",
        conflicts_with = "web_eid_site"
    )]
    server: Option<String>,
    /// Algorithmes que le serveur admet, dans son ordre / algorithms that the server offers, in its order: RS256,PS256
    #[arg(long, value_name = "NOMS/NAMES", value_parser = offered, conflicts_with = "web_eid_site")]
    offered: Option<OfferedAlgorithms>,
    /// Lier la connexion à une clé : son empreinte JWK / bind the login to a key: its JWK thumbprint (RFC 7638)
    #[arg(long, value_name = "BASE64URL", allow_hyphen_values = true, conflicts_with_all = ["tls_exporter", "web_eid_site"])]
    jkt: Option<String>,
    /// Lier la connexion à une liaison TLS / bind the login to a TLS connection: its tls-exporter value (RFC 9266)
    #[arg(
        long,
        value_name = "BASE64URL",
        allow_hyphen_values = true,
        conflicts_with = "web_eid_site"
    )]
    tls_exporter: Option<String>,
    /// Faire un jeton Web eID pour ce site de la configuration / make a Web eID token for this site of the configuration
    #[arg(long, value_name = "ORIGINE/ORIGIN")]
    web_eid_site: Option<String>,
    /// Fichier où écrire la preuve ; sinon elle est affichée / file for the assertion; else it is printed
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    arguments: Arguments,
) -> Result<Ending, Failure> {
    let bound = |kind| move |value| RequestedBinding { kind, value };
    let by_key = arguments.jkt.map(bound(ChannelBindingKind::JwkThumbprint));
    let by_connection = arguments
        .tls_exporter
        .map(bound(ChannelBindingKind::TlsExporter));
    let request = LoginRequest {
        nonce: arguments.nonce,
        server: arguments.server.clone(),
        reader: invocation.options.reader.clone(),
        card: invocation.options.card.clone(),
        offered: arguments.offered,
        channel_binding: by_key.or(by_connection),
        format: match arguments.web_eid_site {
            Some(_) => LoginFormat::WebEid,
            None => LoginFormat::Assertion,
        },
        site: arguments.web_eid_site.clone(),
    };
    let answer = session.perform(Operation::Login, &request).await?;
    let assertion = format!("{}\n", answer["assertion"]);
    let Some(path) = hand_over(invocation, &answer, &assertion, arguments.output)? else {
        return Ok(Ending::Done);
    };
    let language = invocation.language;
    let mut lines = Lines::default();
    lines.row(either(language, "Carte", "Card"), at(&answer, "/card"));
    let whom = arguments.server.or(arguments.web_eid_site);
    lines.row(either(language, "Pour", "For"), whom.unwrap_or_default());
    lines.row(
        either(language, "Preuve", "Assertion"),
        path.display().to_string(),
    );
    lines.print();
    Ok(Ending::Done)
}

fn offered(names: &str) -> Result<OfferedAlgorithms, OfferedError> {
    OfferedAlgorithms::new(names.split(',').map(str::to_owned).collect())
}

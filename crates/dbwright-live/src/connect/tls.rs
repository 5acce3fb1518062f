//! Encrypted connections: which are wanted, and whose certificates are believed.
//!
//! The modes are those of libpq (<https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION>), under which
//! MySQL's fit as well: `prefer` encrypts where the server can and checks nobody, `require` demands encryption, `verify-ca`
//! checks who has signed the certificate, `verify-full` also that it is the host's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mysql_async::SslOpts;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Tls {
    pub(super) mode: TlsMode,
    /// A file with the certificates that are believed, instead of those of the machine.
    pub(super) root: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum TlsMode {
    Disable,
    #[default]
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Tls {
    /// `require` with a certificate at hand checks it, as libpq does.
    pub(super) fn mode(&self) -> TlsMode {
        match self.mode {
            TlsMode::Require if self.root.is_some() => TlsMode::VerifyCa,
            mode => mode,
        }
    }

    /// How the PostgreSQL driver encrypts.
    pub(super) fn client_config(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = match self.mode() {
            TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => None,
            TlsMode::VerifyCa | TlsMode::VerifyFull => {
                let verifier =
                    WebPkiServerVerifier::builder_with_provider(Arc::new(self.roots()?), Arc::clone(&provider));
                Some(verifier.build().map_err(|error| error.to_string())?)
            }
        };
        let verifier = Verifier {
            provider: Arc::clone(&provider),
            chain,
            host: self.mode() == TlsMode::VerifyFull,
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        Ok(config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth())
    }

    /// How the MySQL driver encrypts; nothing where it shall not. It can't check a chain without checking the host: under
    /// `verify-ca`, [`presented_name`] tells which host to say.
    pub(super) fn ssl_opts(&self) -> Result<Option<SslOpts>, String> {
        let unchecked = SslOpts::default().with_danger_accept_invalid_certs(true);
        Ok(match self.mode() {
            TlsMode::Disable => None,
            TlsMode::Prefer | TlsMode::Require => Some(unchecked),
            TlsMode::VerifyCa | TlsMode::VerifyFull => {
                let roots = self.certificates()?.into_iter().map(|root| root.to_vec().into());
                Some(
                    SslOpts::default()
                        .with_root_certs(roots.collect())
                        .with_disable_built_in_roots(true),
                )
            }
        })
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut store = RootCertStore::empty();
        // A machine may hold some that can't be read; those that are needed will be missed by name.
        store.add_parsable_certificates(self.certificates()?);
        Ok(store)
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let Some(file) = &self.root else {
            let found = rustls_native_certs::load_native_certs().certs;
            return if found.is_empty() {
                Err("this machine has no certificates that could be believed; name a file: sslrootcert=FILE".to_owned())
            } else {
                Ok(found)
            };
        };
        let found = certificates_in(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        if found.is_empty() {
            return Err(format!("{} holds no certificate", file.display()));
        }
        Ok(found)
    }
}

/// A name for which the certificate would have been right that was refused for the host's name alone: everything else about
/// it was checked and is well.
pub(super) fn presented_name(error: &mysql_async::Error) -> Option<String> {
    let mysql_async::Error::Io(mysql_async::IoError::Io(error)) = error else {
        return None;
    };
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) = error else {
        return None;
    };
    presented.iter().find_map(|name| {
        let name = name.strip_prefix("DnsName(\"")?.strip_suffix("\")")?;
        Some(name.replace('*', "any"))
    })
}

fn certificates_in(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = std::fs::read(file).map_err(|error| error.to_string())?;
    CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())
}

/// Checks as much of a certificate as was asked for.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// Who may have signed it; nothing where that does not matter.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Whether it must be the host's.
    host: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is checked after everything else.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.host => Ok(ServerCertVerified::assertion()),
            outcome => outcome,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

//! Carrying out plans on a scratch server, to see that they do what they promise; one file per engine.
pub mod mysql_family;

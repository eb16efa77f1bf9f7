//! What a command line may change about a description.

use super::description::{Description, Listen, Program, ProgramKind};
use super::error::Wrong;
use super::limits::PORT_MIN;
use super::listen::ListenText;

/// A change that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// The program does not listen.
    #[error("program = \"{}\" does not listen; give a port only for a server", .0.name())]
    NoPort(ProgramKind),
    /// Port 0 would let the kernel choose.
    #[error("the port 0 is out of range; allowed: 1 to 65535")]
    PortZero,
    /// The text is not a listen address.
    #[error(transparent)]
    Listen(#[from] Wrong),
}

impl Description {
    /// The same on another TCP port.
    pub fn with_port(mut self, port: u16) -> Result<Self, OverrideError> {
        if port < PORT_MIN {
            return Err(OverrideError::PortZero);
        }
        self.listen_mut()?.port = port;
        Ok(self)
    }

    /// The same on another address or port or both, written as in `server.listen`; what the text does not give stays.
    pub fn with_listen(mut self, listen: &str) -> Result<Self, OverrideError> {
        let parsed = ListenText::parse(listen)?;
        let current = self.listen_mut()?;
        *current = parsed.or(*current);
        Ok(self)
    }

    fn listen_mut(&mut self) -> Result<&mut Listen, OverrideError> {
        let kind = self.program.kind();
        match &mut self.program {
            Program::Server(server) => Ok(&mut server.listen),
            Program::Ok { listen } => Ok(listen),
            Program::Hello { .. } | Program::Pause => Err(OverrideError::NoPort(kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::default_description;

    fn listen(description: Description) -> String {
        let Program::Server(server) = description.program else { panic!("no server") };
        server.listen.to_string()
    }

    #[test]
    fn ports_and_addresses() {
        let on = |text| listen(default_description().with_listen(text).unwrap());
        assert_eq!(listen(default_description().with_port(80).unwrap()), "[::]:80");
        assert_eq!(on("81"), "[::]:81");
        assert_eq!(on("[::1]"), "[::1]:8080");
        assert_eq!(on("127.0.0.1:82"), "127.0.0.1:82");
        assert_eq!(default_description().with_port(0), Err(OverrideError::PortZero));
        assert!(matches!(default_description().with_listen("x"), Err(OverrideError::Listen(_))));
    }

    #[test]
    fn programs_without_a_port() {
        let pause = Description { program: Program::Pause, ..default_description() };
        let error = pause.with_port(80).unwrap_err();
        assert_eq!(error.to_string(), "program = \"pause\" does not listen; give a port only for a server");
    }
}

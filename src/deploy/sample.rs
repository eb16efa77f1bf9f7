//! Descriptions for the tests of this folder.

use super::DeployRequest;
use crate::spec::{About, Description, Engine, EpollSettings, Listen, Program, Reply, Route, Server};

fn reply(status: u16) -> Reply {
    Reply::new(status, "text/plain", "ok\n")
}

/// A server named `page` with those paths.
pub(super) fn server(port: u16, paths: &[&str]) -> Description {
    Description {
        name: "page".into(),
        about: About { title: "page".into(), ..About::default() },
        program: Program::Server(Server {
            engine: Engine::Blocking,
            listen: Listen { address: [0, 0, 0, 0].into(), port },
            start_line: None,
            timeout_ms: 5000,
            backlog: 128,
            epoll: EpollSettings::default(),
            routes: paths.iter().map(|path| Route { path: (*path).into(), reply: reply(200) }).collect(),
            fallback: reply(404),
        }),
    }
}

/// The same of the epoll engine, asked for `/health`.
pub(super) fn epoll(paths: &[&str]) -> Description {
    let mut description = server(8080, paths);
    if let Program::Server(server) = &mut description.program {
        server.engine = Engine::Epoll;
        server.epoll.healthcheck = "/health".into();
    }
    description
}

/// A program that greets and ends.
pub(super) fn hello() -> Description {
    Description {
        name: "hello".into(),
        about: About { title: "hello".into(), ..About::default() },
        program: Program::Hello { text: b"hi\n".to_vec() },
    }
}

/// The request for a description, as the commands make it.
pub(super) fn request(description: &Description) -> DeployRequest {
    DeployRequest::new(description, None, "asmgen COMMAND page.toml").unwrap()
}

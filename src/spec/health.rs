//! Where "are you well?" is asked, if the spec does not say.

use super::description::{Engine, Server};
use super::path;

/// Paths with that meaning, most usual first (Kubernetes' own are the last three).
const NAMES: [&str; 4] = ["/health", "/healthz", "/livez", "/readyz"];
/// The path that is asked where none of them has a route.
pub(super) const ROOT: &str = "/";

impl Server {
    /// The path that says whether the server is well: the one of its health check, or nothing if that is not answered
    /// with success.
    pub fn health_path(&self) -> Option<&str> {
        match self.engine {
            Engine::Epoll => self.passes_healthcheck().then_some(self.epoll.healthcheck.as_str()),
            Engine::Blocking => default(self),
        }
    }

    /// Is the path of the health check answered with success?
    pub fn passes_healthcheck(&self) -> bool {
        let asked = path::decoded(&self.epoll.healthcheck);
        let is_metrics = self.epoll.metrics.as_ref().is_some_and(|metrics| path::decoded(metrics) == asked);
        is_metrics || self.reply_to(&self.epoll.healthcheck).is_successful()
    }
}

/// The first of the usual paths, of `/`, and of all routes that is answered with success; the same for every engine.
pub(super) fn default(server: &Server) -> Option<&str> {
    let is_asked = |path: &str| path::is_sendable(path) && path::prefix(path).is_none();
    let well = || server.routes.iter().filter(|route| route.reply.is_successful() && is_asked(&route.path));
    let named = NAMES.into_iter().find(|name| well().any(|route| route.path == *name));
    let root = || server.reply_to(ROOT).is_successful().then_some(ROOT);
    named.or_else(root).or_else(|| well().next().map(|route| route.path.as_str()))
}

#[cfg(test)]
mod tests {
    use crate::spec::{Engine, Program, from_toml};

    fn path_of(engine: Engine, routes: &[(&str, u16)]) -> Option<String> {
        let route =
            |(path, status): &(&str, u16)| format!("[[route]]\npath = \"{path}\"\nbody = \"\"\nstatus = {status}\n");
        let routes: String = routes.iter().map(route).collect();
        let spec = format!("[server]\nengine = \"{}\"\n{routes}", engine.name());
        let Program::Server(server) = from_toml(&spec, std::path::Path::new("s.toml")).unwrap().program else {
            panic!("no server")
        };
        server.health_path().map(str::to_owned)
    }

    #[test]
    fn the_order_is_the_same_for_every_engine() {
        for (routes, path) in [
            (
                &[("/", 200), ("/readyz", 200), ("/livez", 200), ("/healthz", 200), ("/health", 200)][..],
                Some("/health"),
            ),
            (&[("/", 200), ("/readyz", 200), ("/livez", 200), ("/healthz", 200)], Some("/healthz")),
            (&[("/", 200), ("/readyz", 200), ("/livez", 200)], Some("/livez")),
            (&[("/", 200), ("/readyz", 200)], Some("/readyz")),
            (&[("/a", 200), ("/", 200)], Some("/")),
            (&[("*", 200), ("/a", 200)], Some("/")),
            (&[("/a", 404), ("/b", 201)], Some("/b")),
            (&[("/health", 404), ("/healthz", 503), ("/livez", 204 + 99), ("/readyz", 200)], Some("/readyz")),
            (&[("/health", 404), ("/", 200)], Some("/")),
            (&[("/health", 404)], None),
            (&[("*", 503)], None),
        ] {
            for engine in Engine::ALL {
                assert_eq!(path_of(engine, routes).as_deref(), path, "{} {routes:?}", engine.name());
            }
        }
    }
}

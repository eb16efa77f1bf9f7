//! Descriptions made by a program instead of a spec: a server of some files, with routes of its own.

use std::path::Path;

use super::content_type::{self, BARE_TEXT, TEXT};
use super::description::{About, Description, Engine, EpollSettings, Listen, Program, Reply, Route, Server};
use super::limits::{BACKLOG_DEFAULT, REDIRECT_STATUS_DEFAULT, START_LINE_DEFAULT, TIMEOUT_MS_DEFAULT};
use super::{health, path, rules};

/// Content of the reply to unknown paths where nothing else is said.
pub(super) const NOT_FOUND_BODY: &str = "Not Found";

/// The file of a folder that is also sent for the folder itself.
const INDEX: &str = "index.html";

impl Description {
    /// A program of this name, which is also its title. `asmgen::build` checks the name.
    pub fn new(name: impl Into<String>, program: impl Into<Program>) -> Self {
        let name = name.into();
        let about = About { title: name.clone(), ..About::default() };
        Self { name, about, program: program.into() }
    }
}

impl From<Server> for Program {
    fn from(server: Server) -> Self {
        Self::Server(server)
    }
}

impl Default for Server {
    /// A server without routes, everything else as where a spec says nothing.
    fn default() -> Self {
        Self {
            engine: Engine::DEFAULT,
            listen: Listen::of(Engine::DEFAULT),
            start_line: Some(rules::start_line_pieces(START_LINE_DEFAULT)),
            timeout_ms: TIMEOUT_MS_DEFAULT,
            backlog: BACKLOG_DEFAULT,
            epoll: EpollSettings::default(),
            routes: Vec::new(),
            fallback: Reply::not_found(),
        }
    }
}

impl Server {
    /// A server of these files: each by its path from the root on, `index.html` also for its folder. The type is that
    /// of the name's extension.
    ///
    /// ```
    /// use asmgen::spec::Server;
    ///
    /// let server = Server::of_files([("index.html", "<p>Hello"), ("css/site.css", "p { color: red }")]);
    /// let paths: Vec<&str> = server.routes.iter().map(|route| route.path.as_str()).collect();
    /// assert_eq!(paths, ["/index.html", "/", "/css/site.css"]);
    /// assert_eq!(server.reply_to("/css/site.css").content_type, "text/css; charset=utf-8");
    /// ```
    pub fn of_files<P: AsRef<str>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        files.into_iter().fold(Self::default(), |server, (path, content)| {
            let path = path.as_ref().trim_start_matches('/');
            let reply = Reply::file(path, content);
            let route = format!("/{}", path::as_sent(path));
            let folder = route.strip_suffix(INDEX).filter(|folder| folder.ends_with('/')).map(str::to_owned);
            let server = server.with_route(route, reply.clone());
            match folder {
                Some(folder) => server.with_route(folder, reply),
                None => server,
            }
        })
    }

    /// The same with one route more. Unless another path was set, the health check asks for the one that it would ask
    /// for in a spec with these routes.
    #[must_use]
    pub fn with_route(mut self, path: impl Into<String>, reply: Reply) -> Self {
        let chosen = |server: &Self| health::default(server).unwrap_or(health::ROOT).to_owned();
        let was_chosen = self.epoll.healthcheck == chosen(&self);
        self.routes.push(Route { path: path.into(), reply });
        if was_chosen {
            self.epoll.healthcheck = chosen(&self);
        }
        self
    }
}

impl Reply {
    /// Text in UTF-8, with status 200.
    pub fn text(body: impl Into<String>) -> Self {
        Self::new(200, TEXT, body.into())
    }

    /// The content of a file, with status 200 and the type of its name's extension.
    pub fn file(name: impl AsRef<Path>, content: impl Into<Vec<u8>>) -> Self {
        let content = content.into();
        Self::new(200, content_type::of_file(name.as_ref(), &content), content)
    }

    /// A redirect for good to a path or an address. The engine `epoll` alone has those.
    pub fn redirect(location: impl Into<String>) -> Self {
        let location = location.into();
        let body = format!("{}\n", super::location::before_request(&location).unwrap_or(&location));
        Self { location: Some(location), ..Self::new(REDIRECT_STATUS_DEFAULT, BARE_TEXT, body) }
    }

    /// The reply to unknown paths where nothing else is said.
    pub(crate) fn not_found() -> Self {
        Self::new(404, BARE_TEXT, NOT_FOUND_BODY)
    }
}

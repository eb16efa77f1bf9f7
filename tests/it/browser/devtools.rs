//! Chromium without a window, spoken to in its own protocol (Chrome DevTools Protocol) over a WebSocket.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::TcpStream;
use std::path::Path;
use std::process::{ChildStderr, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Error, Message, WebSocket};

use crate::harness::process::Process;
use crate::harness::tool::tool;

/// How long a browser may be silent. Longer than any other wait: its first start reads some 300 MB, and its processes
/// share two cores with all other tests. No test measures its speed.
const PATIENCE: Duration = Duration::from_secs(90);
/// What it says on standard error once it can be spoken to, before the address.
const READY: &str = "DevTools listening on ";

/// A browser with a profile of its own, ended with its test.
pub(super) struct Browser {
    // In this order: first it ends, then its profile goes.
    _process: Process,
    _stderr: BufReader<ChildStderr>,
    _profile: TempDir,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    /// Number of the last command.
    last: u64,
}

impl Browser {
    pub(super) fn start() -> Self {
        let profile = TempDir::new().unwrap();
        let mut command = tool("chromium");
        // Its own sandbox refuses to work for root, and no page but the test's is loaded.
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command.env("HOME", profile.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = Process::spawn(&mut command);
        let mut stderr = BufReader::new(process.child().stderr.take().expect("it is a pipe"));
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            let count = stderr.read_line(&mut line).unwrap();
            assert!(count > 0, "chromium has ended: {said}");
            if let Some(address) = line.strip_prefix(READY) {
                break address.trim().to_owned();
            }
            said.push_str(&line);
        };
        let (socket, _) = tungstenite::connect(&address).unwrap_or_else(|error| panic!("{address}: {error}"));
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
        }
        Self { _process: process, _stderr: stderr, _profile: profile, socket, last: 0 }
    }

    /// A new tab.
    pub(super) fn tab(&mut self) -> Tab<'_> {
        let target = self.command(None, "Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = self.command(None, "Target.attachToTarget", &attach)["sessionId"].clone();
        let mut tab = Tab { browser: self, session };
        for domain in ["Page.enable", "Network.enable", "Runtime.enable"] {
            tab.command(domain, &json!({}));
        }
        let enabled = json!({"enabled": true});
        tab.command("Page.setLifecycleEventsEnabled", &enabled);
        // What is typed goes into it whichever tab of the browser has the focus.
        tab.command("Emulation.setFocusEmulationEnabled", &enabled);
        // A size of our own: the window's may come later than the page, which then fits itself to it.
        let size = json!({"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        tab.command("Emulation.setDeviceMetricsOverride", &size);
        tab
    }

    fn send(&mut self, session: Option<&Value>, method: &str, params: &Value) -> u64 {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = session.clone();
        }
        self.socket.send(Message::text(message.to_string())).unwrap();
        self.last
    }

    fn receive(&mut self) -> Value {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return serde_json::from_str(text.as_str()).expect("JSON"),
                Ok(_) => {}
                // Where a machine stands still for a moment, a wait with a timeout ends so (signal(7)).
                Err(Error::Io(error)) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("the browser does not answer: {error}"),
            }
        }
    }

    /// The result of a command; events in between are ignored.
    fn command(&mut self, session: Option<&Value>, method: &str, params: &Value) -> Value {
        let id = self.send(session, method, params);
        loop {
            let message = self.receive();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
        }
    }
}

/// Whether to go on listening.
enum Go {
    On,
    Done,
}

/// A tab of a browser.
pub(super) struct Tab<'b> {
    browser: &'b mut Browser,
    session: Value,
}

impl Tab<'_> {
    fn command(&mut self, method: &str, params: &Value) -> Value {
        self.browser.command(Some(&self.session.clone()), method, params)
    }

    /// Loads a page; `seen` is told of every event until it is loaded, and whether it is.
    ///
    /// A tab says that it has loaded of its first page too, `about:blank`, and on a busy machine it says so late. Only
    /// the load of this very navigation counts, which its loader names.
    fn navigate(&mut self, address: &str, mut seen: impl FnMut(&Value, bool) -> Go) {
        let asked = self.browser.send(Some(&self.session.clone()), "Page.navigate", &json!({"url": address}));
        let mut loader = Value::Null;
        let mut finished = Vec::new();
        loop {
            let message = self.browser.receive();
            if message["id"] == asked {
                let error = (&message["error"], &message["result"]["errorText"]);
                assert!(error.0.is_null() && error.1.is_null(), "{address}: {error:?}");
                loader = message["result"]["loaderId"].clone();
                assert!(loader.is_string(), "{address}: {message}");
            }
            let params = &message["params"];
            if message["method"] == "Page.lifecycleEvent" && params["name"] == "load" {
                finished.push(params["loaderId"].clone());
            }
            if matches!(seen(&message, finished.contains(&loader)), Go::Done) {
                return;
            }
        }
    }

    /// Loads a page with all that belongs to it; the statuses as they came from the server, by path.
    pub(super) fn visit(&mut self, address: &str) -> BTreeMap<String, u64> {
        let mut paths: BTreeMap<String, String> = BTreeMap::new();
        let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
        self.navigate(address, |message, is_loaded| {
            let params = &message["params"];
            let id = params["requestId"].as_str().unwrap_or_default().to_owned();
            match message["method"].as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    let url = params["request"]["url"].as_str().expect("a URL");
                    // Others are no business of the server, `data:` for example.
                    if let Some(path) = url.strip_prefix(address.trim_end_matches('/')) {
                        paths.insert(id, path.to_owned());
                    }
                }
                "Network.responseReceivedExtraInfo" => {
                    statuses.insert(id, params["statusCode"].as_u64().expect("a status"));
                }
                _ => {}
            }
            // A status may come before its request and behind the end of loading.
            if is_loaded && paths.keys().all(|id| statuses.contains_key(id)) { Go::Done } else { Go::On }
        });
        paths.into_iter().map(|(id, path)| (path, statuses[&id])).collect()
    }

    /// Loads a page from a file; every address that is asked for until it is loaded.
    pub(super) fn open(&mut self, file: &Path) -> Vec<String> {
        let mut asked = Vec::new();
        self.navigate(&format!("file://{}", file.display()), |message, is_loaded| {
            if message["method"] == "Network.requestWillBeSent" {
                asked.push(message["params"]["request"]["url"].as_str().expect("a URL").to_owned());
            }
            if is_loaded { Go::Done } else { Go::On }
        });
        asked
    }

    /// Moves the pointer to the middle of an element, once it is in sight.
    pub(super) fn point_at(&mut self, element: &str) {
        self.evaluate(&format!("{element}.scrollIntoView({{block: 'center'}}), ''"));
        let of = |side: &str, size: &str| {
            format!("String({element}.getBoundingClientRect().{side} + {element}.getBoundingClientRect().{size} / 2)")
        };
        let [x, y] = [of("x", "width"), of("y", "height")]
            .map(|expression| self.evaluate(&expression).parse::<f64>().expect("a number"));
        self.command("Input.dispatchMouseEvent", &json!({"type": "mouseMoved", "x": x, "y": y}));
    }

    /// Types a text into whatever has the focus.
    pub(super) fn type_text(&mut self, text: &str) {
        self.command("Input.insertText", &json!({"text": text}));
    }

    /// Presses a key and lets it go.
    pub(super) fn press(&mut self, key: &str) {
        for kind in ["rawKeyDown", "keyUp"] {
            self.command("Input.dispatchKeyEvent", &json!({"type": kind, "key": key}));
        }
    }

    /// Light or dark, as a person may have set it.
    pub(super) fn prefer(&mut self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.command("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// The value of an expression in the page, as text.
    pub(super) fn evaluate(&mut self, expression: &str) -> String {
        let result = self.command("Runtime.evaluate", &json!({"expression": expression}));
        result["result"]["value"].as_str().unwrap_or_else(|| panic!("{expression}: {result}")).to_owned()
    }
}

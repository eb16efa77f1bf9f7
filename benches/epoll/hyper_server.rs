//! A peer: hyper, on one thread, with both bodies in memory.

use std::convert::Infallible;
use std::net::Ipv4Addr;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::content;

/// Cloning a body counts a reference, no bytes are copied.
#[derive(Clone)]
struct Site {
    page: Bytes,
    big: Bytes,
}

impl Site {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let (status, kind, body) = match request.uri().path() {
            content::PAGE => (StatusCode::OK, "text/html", self.page.clone()),
            content::BIG => (StatusCode::OK, "application/octet-stream", self.big.clone()),
            _ => (StatusCode::NOT_FOUND, "text/plain", Bytes::new()),
        };
        let reply = Response::builder().status(status).header(CONTENT_TYPE, kind);
        reply.body(Full::new(body)).expect("every part is valid")
    }
}

/// Serves both bodies until it is killed.
pub(crate) fn serve(port: u16) -> anyhow::Result<()> {
    let site = Site { page: content::page().into(), big: content::big().into() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(serve_one(stream, site.clone()));
        }
    })
}

async fn serve_one(stream: TcpStream, site: Site) {
    let service = service_fn(|request| {
        let reply = site.answer(&request);
        async { Ok::<_, Infallible>(reply) }
    });
    // Replies of one reception leave together. A client that vanishes is no fault of the server.
    let _ = http1::Builder::new().pipeline_flush(true).serve_connection(TokioIo::new(stream), service).await;
}

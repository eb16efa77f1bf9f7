//! Every limit of a spec, by name and with its unit.

/// Longest name, in bytes: an object name in Kubernetes is a DNS label.
pub const NAME_MAX: usize = 63;

/// Longest title, description, address, version, licence or contact, in bytes: they become labels of the image.
pub const ABOUT_MAX: usize = 1024;

/// Longest route path, in bytes: a request line with it still fits into one small read.
pub const PATH_MAX: usize = 256;

/// Most routes of the epoll engine: half of what its perfect hash has places for.
pub const ROUTES_MAX: usize = 16_000;

/// Most routes of the blocking engine, which compares with each in code. 512 of the longest paths are some 14,000
/// labels; a program may have 65,536.
pub const BLOCKING_ROUTES_MAX: usize = 512;

/// Longest path of a file on disk, in bytes: Linux takes no more (`PATH_MAX`).
pub const FILE_PATH_MAX: usize = 4096;

/// Largest body, in bytes: 1 GiB keeps every address of an image in 31 bits.
pub const BODY_MAX: usize = 1 << 30;

/// Longest content type, in bytes.
pub const CONTENT_TYPE_MAX: usize = 256;

/// Longest text written once the server listens, in bytes.
pub const START_LINE_MAX: usize = 1024;

/// That text where a spec gives none.
pub const START_LINE_DEFAULT: &str = "{{name}} listening on port {{port}}";

/// Longest `listen` value, in bytes: brackets, an IPv6 address and a port need 47.
pub const LISTEN_MAX: usize = 64;

/// Lowest TCP port that can be listened on; 0 would let the kernel choose.
pub const PORT_MIN: u16 = 1;

/// Highest TCP port.
pub const PORT_MAX: u16 = u16::MAX;

/// Default TCP port of a server: unprivileged, and where most people look first.
pub const PORT_DEFAULT: u16 = 8080;

/// Shortest timeout, in milliseconds: below it honest clients on slow lines are cut off.
pub const TIMEOUT_MS_MIN: u32 = 100;

/// Longest timeout, in milliseconds: one hour.
pub const TIMEOUT_MS_MAX: u32 = 3_600_000;

/// Default timeout of a server, in milliseconds.
pub const TIMEOUT_MS_DEFAULT: u32 = 5_000;

/// Smallest listen queue, in connections.
pub const BACKLOG_MIN: u32 = 1;

/// Longest listen queue, in connections; the kernel cuts it to `net.core.somaxconn` anyway.
pub const BACKLOG_MAX: u32 = 65_535;

/// Default listen queue of a server, in connections: the kernel's own default since Linux 5.4.
pub const BACKLOG_DEFAULT: u32 = 4096;

/// Lowest status code of a reply: those below are interim and no answer.
pub const STATUS_MIN: u16 = 200;

/// Highest status code of a reply.
pub const STATUS_MAX: u16 = 599;

/// Status codes of replies that must not have content: a body or its length would break the connection.
pub const STATUS_WITHOUT_CONTENT: [u16; 3] = [204, 205, 304];

/// Status codes of replies that must have a field that no key gives (RFC 9110 §11.7.1, §15.3.7, §15.5.2, §15.5.6,
/// §15.5.22).
pub const STATUS_WITH_FIELD: [(u16, &str); 5] =
    [(206, "Content-Range"), (401, "WWW-Authenticate"), (405, "Allow"), (407, "Proxy-Authenticate"), (426, "Upgrade")];

/// Longest value of `Cache-Control`, in bytes.
pub const CACHE_MAX: usize = 256;

/// Longest value of `Location`, in bytes.
pub const LOCATION_MAX: usize = 2048;

/// Longest wait of a `Retry-After`, in seconds: a year.
pub const RETRY_AFTER_S_MAX: i64 = 31_536_000;

/// Most field lines of one `headers`.
pub const FIELDS_MAX: usize = 32;

/// Longest name of such a field, in bytes.
pub const FIELD_NAME_MAX: usize = 64;

/// Longest value of such a field, in bytes: half of what proxies take for a head (8 KiB).
pub const FIELD_VALUE_MAX: usize = 4096;

/// Status codes that `Location` belongs to (RFC 9110 §10.2.2, §15.4).
pub const STATUS_WITH_LOCATION: [u16; 7] = [201, 300, 301, 302, 303, 307, 308];

/// Default status of a reply with `Location`: permanent, and with the same method.
pub const REDIRECT_STATUS_DEFAULT: u16 = 308;

/// Fewest workers.
pub const WORKERS_MIN: u32 = 1;

/// Most workers: more than one for each core are of no use.
pub const WORKERS_MAX: u32 = 64;

/// Default number of workers of a server.
pub const WORKERS_DEFAULT: u32 = 1;

/// Fewest connections of a worker.
pub const CONNECTIONS_MIN: u32 = 16;

/// Most connections of a worker: their numbers fit into 16 bits, with room for the other descriptors.
pub const CONNECTIONS_MAX: u32 = 60_000;

/// Default number of connections of a worker.
pub const CONNECTIONS_DEFAULT: u32 = 16_384;

/// Fewest requests that are held half-received.
pub const PARTIAL_REQUESTS_MIN: u32 = 1;

/// Most requests that are held half-received; each may take as many bytes as the longest head.
pub const PARTIAL_REQUESTS_MAX: u32 = 2000;

/// Requests held half-received where a spec gives no number.
pub const PARTIAL_REQUESTS_DEFAULT: u32 = 256;

/// Least bytes of the longest head: what browsers send without cookies.
pub const HEAD_BYTES_MIN: u32 = 1024;

/// Most bytes of the longest head.
pub const HEAD_BYTES_MAX: u32 = 65_536;

/// Default length of the longest head, in bytes: a request line of the 8,000 octets that RFC 9112 §3 recommends, and as
/// much of fields.
pub const HEAD_BYTES_DEFAULT: u32 = 16_384;

/// Shortest wait for a client of the epoll engine, in seconds.
pub const WAIT_S_MIN: u32 = 1;

/// Longest wait for a client of the epoll engine, in seconds: one hour.
pub const WAIT_S_MAX: u32 = 3600;

/// Wait for a request's head where a spec gives none, in seconds.
pub const HEADER_TIMEOUT_S_DEFAULT: u32 = 10;

/// Wait for the next request where a spec gives none, in seconds.
pub const IDLE_TIMEOUT_S_DEFAULT: u32 = 75;

/// Wait for a client to take something of a reply where a spec gives none, in seconds.
pub const WRITE_TIMEOUT_S_DEFAULT: u32 = 30;

/// Shortest time during which a server that is told to stop accepts connections, in seconds.
pub const DRAIN_S_MIN: u32 = 0;

/// Longest time during which a server that is told to stop accepts connections, in seconds.
pub const DRAIN_S_MAX: u32 = 300;

/// Time during which a server that is told to stop accepts connections where a spec gives none, in seconds.
pub const DRAIN_S_DEFAULT: u32 = 0;

/// Shortest time for requests under way when a server stops, in seconds.
pub const STOP_TIMEOUT_S_MIN: u32 = 1;

/// Longest time for requests under way when a server stops, in seconds.
pub const STOP_TIMEOUT_S_MAX: u32 = 300;

/// Time for requests under way when a server stops where a spec gives none, in seconds: what Docker waits.
pub const STOP_TIMEOUT_S_DEFAULT: u32 = 10;

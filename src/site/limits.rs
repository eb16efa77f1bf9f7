//! Every limit of a site, by name and with its unit. docs/site.md has them as a table.

/// Most files of a site: some five times the largest documentation folder of Debian.
pub const FILES_MAX: usize = 500_000;

/// Most bytes of all contents, each counted once: larger layers are refused by registries.
pub const SITE_BYTES_MAX: u64 = 64 << 30;

/// Longest path of a request or a file, in decoded bytes. Linux takes paths of 4,096 bytes. A request line with one
/// fits into the 8,000 bytes that RFC 9112 §3 recommends.
pub const PATH_BYTES_MAX: usize = 4_000;

/// Largest `_redirects` or `_headers`, in bytes.
pub const RULES_FILE_BYTES_MAX: usize = 1 << 20;

/// Largest `_redirects` that IPFS gateways take, in bytes (IPFS web-redirects-file specification).
pub const REDIRECTS_BYTES_OF_IPFS: usize = 64 << 10;

/// Most rules of `_redirects`.
pub const RULES_MAX: usize = 20_000;

/// Most names that `to` of one rule repeats: each may stand for [`PATH_BYTES_MAX`] bytes.
pub const CAPTURES_MAX: usize = 16;

/// Longest `to` of a rule, in bytes: `Location` of a spec has the same limit.
pub const TO_BYTES_MAX: usize = 2_048;

/// Most blocks of `_headers`.
pub const BLOCKS_MAX: usize = 1_000;

/// Longest line of `_headers`, in bytes: Cloudflare Pages has the same limit.
pub const HEADERS_LINE_BYTES_MAX: usize = 2_000;

/// Most bytes of all fields of one reply, names and values: half of the heads that common proxies take.
pub const FIELDS_BYTES_MAX: usize = 4_096;

/// Largest sidecar, and largest file that has one, in bytes: both are held in memory to compare them.
pub const SIDECAR_BYTES_MAX: u64 = 16 << 20;

/// Most faults that are reported at once.
pub const FAULTS_MAX: usize = 20;

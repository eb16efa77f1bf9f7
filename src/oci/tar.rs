//! A writer of POSIX ustar archives (IEEE Std 1003.1, pax, "ustar Interchange Format"): only what an image needs, and
//! the same bytes for ever.

pub(super) const BLOCK_BYTES: usize = 512;
/// An archive ends with two blocks of zeros.
const END_BYTES: usize = 2 * BLOCK_BYTES;
/// What ustar archives are known by, and their version.
const MAGIC: &str = "ustar\x0000";
/// The name of the entry that a link leads to; 100 bytes.
const LINK_AT: usize = 157;
/// The checksum is the sum of the header's bytes with its own field taken as spaces.
const CHECKSUM_AT: usize = 148;
const CHECKSUM_BYTES: usize = 8;

/// An archive under construction; all entries belong to user and group 0 and date from 1970-01-01T00:00:00Z.
#[derive(Debug, Default)]
pub(super) struct Tar {
    bytes: Vec<u8>,
}

/// What an entry is.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    File = b'0',
    Link = b'1',
    Folder = b'5',
}

impl Tar {
    /// Adds a file with its permission bits.
    pub(super) fn file(mut self, name: &str, mode: u32, content: &[u8]) -> Self {
        self.bytes.extend(header(name, Kind::File, mode, content.len()));
        self.bytes.extend(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(BLOCK_BYTES), 0);
        self
    }

    /// Adds a folder; its name ends with a slash.
    pub(super) fn folder(mut self, name: &str) -> Self {
        self.bytes.extend(header(name, Kind::Folder, 0o755, 0));
        self
    }

    /// Adds a name for the content of an earlier entry.
    pub(super) fn link(mut self, name: &str, earlier: &str) -> Self {
        let mut header = header(name, Kind::Link, 0o444, 0);
        header[LINK_AT..LINK_AT + earlier.len()].copy_from_slice(earlier.as_bytes());
        self.bytes.extend(with_checksum(header));
        self
    }

    /// The archive without its end blocks, for readers that stop at the end of the file.
    pub(super) fn without_end(self) -> Vec<u8> {
        self.bytes
    }

    /// The finished archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + END_BYTES, 0);
        self.bytes
    }
}

fn header(name: &str, kind: Kind, mode: u32, content_bytes: usize) -> [u8; BLOCK_BYTES] {
    // Offset, length and value of each field that is not zeros.
    let fields: [(usize, usize, String); 10] = [
        (0, 100, name.to_owned()),
        (100, 8, octal(mode as usize, 7)),
        (108, 8, octal(0, 7)),
        (116, 8, octal(0, 7)),
        (124, 12, octal(content_bytes, 11)),
        (136, 12, octal(0, 11)),
        (156, 1, char::from(kind as u8).to_string()),
        (257, 8, MAGIC.to_owned()),
        (329, 8, octal(0, 7)),
        (337, 8, octal(0, 7)),
    ];
    with_checksum(block(&fields))
}

/// A header's fields in their places.
fn block(fields: &[(usize, usize, String)]) -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    for (at, len, value) in fields {
        assert!(value.len() <= *len, "tar header: `{value}` is longer than the {len} bytes of its field");
        block[*at..at + value.len()].copy_from_slice(value.as_bytes());
    }
    block
}

fn with_checksum(mut block: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
    // Six digits, a zero byte and a space, as every tar writes it.
    let text = format!("{:06o}\0 ", checksum(&mut block));
    block[CHECKSUM_AT..CHECKSUM_AT + CHECKSUM_BYTES].copy_from_slice(text.as_bytes());
    block
}

/// The sum that a header must state; its field is spaces afterwards.
fn checksum(block: &mut [u8; BLOCK_BYTES]) -> usize {
    block[CHECKSUM_AT..CHECKSUM_AT + CHECKSUM_BYTES].fill(b' ');
    block.iter().map(|&byte| usize::from(byte)).sum()
}

/// An archive of one file that says no more than readers need, so that it compresses well: empty fields for zeros, no
/// leading zeros. The magic, whole blocks and the end stay: `BusyBox` needs the first, GNU tar and Python the second.
pub(super) fn bare(name: &str, mode: u32, content: &[u8]) -> Vec<u8> {
    let mut header = block(&[
        (0, 100, name.to_owned()),
        (100, 8, octal(mode as usize, 1)),
        (124, 12, octal(content.len(), 1)),
        (156, 1, char::from(Kind::File as u8).to_string()),
        (257, 8, MAGIC.to_owned()),
    ]);
    let sum = octal(checksum(&mut header), 1);
    let field = &mut header[CHECKSUM_AT..CHECKSUM_AT + CHECKSUM_BYTES];
    field.fill(0);
    field[..sum.len()].copy_from_slice(sum.as_bytes());
    let mut bytes = [&header, content].concat();
    bytes.resize(bytes.len().next_multiple_of(BLOCK_BYTES) + END_BYTES, 0);
    bytes
}

/// An entry of an archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    /// Length of its content.
    pub(super) bytes: u64,
}

/// Reads a header; nothing where its checksum is wrong, as in an end block and in what is no archive.
pub(super) fn member(header: &[u8; BLOCK_BYTES]) -> Option<Member> {
    let text = |at: usize, bytes: usize| {
        let field = &header[at..at + bytes];
        let end = field.iter().position(|&byte| byte == 0).unwrap_or(bytes);
        std::str::from_utf8(&field[..end]).ok().map(str::trim)
    };
    let number = |at, bytes| u64::from_str_radix(text(at, bytes)?, 8).ok();
    let sum = checksum(&mut header.clone()) as u64;
    (number(CHECKSUM_AT, CHECKSUM_BYTES)? == sum)
        .then_some(Member { name: text(0, 100)?.to_owned(), bytes: number(124, 12)? })
}

fn octal(value: usize, digits: usize) -> String {
    format!("{value:0digits$o}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_the_same_as_gnu_tar_writes() {
        // printf hi >page; chmod 555 page
        // tar --format=ustar --numeric-owner --owner=0 --group=0 --mtime=@0 -cf - page | head -c 512 | xxd
        let tar = Tar::default().file("page", 0o555, b"hi").finish();
        assert_eq!(tar.len(), 512 + 512 + 1024);
        assert_eq!(&tar[..5], b"page\0");
        assert_eq!(&tar[100..148], b"0000555\x000000000\x000000000\x0000000000002\x0000000000000\0");
        assert_eq!(&tar[148..157], b"010035\0 0");
        assert_eq!(&tar[257..265], b"ustar\x0000");
        assert_eq!(&tar[329..345], b"0000000\x000000000\0");
        assert_eq!(&tar[512..514], b"hi");
        assert!(tar[514..].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn a_link_is_the_same_as_gnu_tar_writes() {
        // ln page also; tar --format=ustar … -cf - page also
        let tar = Tar::default().file("page", 0o555, b"hi").link("also", "page").without_end();
        assert_eq!(tar.len(), 512 + 512 + 512);
        let link = &tar[1024..];
        assert_eq!((&link[..5], link[156], &link[157..162]), (b"also\0".as_slice(), b'1', b"page\0".as_slice()));
        let sum: usize = link
            .iter()
            .enumerate()
            .map(|(at, &byte)| usize::from(if (148..156).contains(&at) { b' ' } else { byte }))
            .sum();
        assert_eq!(link[148..156], *format!("{sum:06o}\0 ").as_bytes());
    }

    #[test]
    fn a_bare_archive_is_one_that_tar_reads() {
        // tar -tv says: -r-xr-xr-x 0/0 2 1970-01-01 00:00 page
        let tar = bare("page", 0o555, b"hi");
        assert_eq!((tar.len(), &tar[512..515]), (4 * 512, b"hi\0".as_slice()));
        assert_eq!((tar[156], &tar[257..265]), (b'0', b"ustar\x0000".as_slice()));
        assert_eq!(
            (&tar[100..108], &tar[124..136]),
            (b"555\0\0\0\0\0".as_slice(), b"2\0\0\0\0\0\0\0\0\0\0\0".as_slice())
        );
        let sum = tar[..512]
            .iter()
            .enumerate()
            .map(|(at, &byte)| usize::from(if (148..156).contains(&at) { b' ' } else { byte }));
        assert_eq!(&tar[148..156], format!("{:o}\0\0\0\0", sum.sum::<usize>()).as_bytes());
    }

    #[test]
    fn entries_are_read_as_they_were_written() {
        let tar = Tar::default().file("page", 0o555, b"hi").finish();
        let header = |tar: &[u8]| tar[..BLOCK_BYTES].try_into().unwrap();
        let page = Member { name: "page".to_owned(), bytes: 2 };
        assert_eq!(member(&header(&tar)), Some(page));
        assert_eq!(member(&header(&bare("p", 0o555, b""))), Some(Member { name: "p".to_owned(), bytes: 0 }));
        assert_eq!(member(&header(&tar[1024..])), None);
        let mut changed = header(&tar);
        changed[0] += 1;
        assert_eq!(member(&changed), None);
    }

    #[test]
    fn whole_blocks_get_no_padding_and_folders_no_content() {
        let tar = Tar::default().folder("blobs/").file("b", 0o444, &[1; 512]).finish();
        assert_eq!(tar.len(), 512 + 512 + 512 + 1024);
        assert_eq!(tar[156], b'5');
        assert_eq!(&tar[100..107], b"0000755");
    }
}

//! The fields of the ELF and program headers as tables (System V gABI, chapters "ELF Header" and "Program Header").

use asmgen_arch::Class;

/// `EI_OSABI` of Linux: `FreeBSD` picks its emulation by it.
pub const ELFOSABI_LINUX: u64 = 3;
/// `ELFMAG` as a little-endian number.
pub const MAGIC: u64 = 0x464c_457f;
/// Lowest address that any kernel lets an unprivileged user map (`vm.mmap_min_addr`, at most 65536).
pub const LOWEST_ADDRESS: u64 = asmgen_arch::LOWEST_ADDRESS as u64;

/// A field: where it lies in its header. All fields are little endian on our machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name in the gABI.
    pub name: &'static str,
    /// Offset in its header, in bytes.
    pub offset: u32,
    /// Length in bytes.
    pub len: u32,
}

/// One row of a table.
const fn at(offset: u32, len: u32, name: &'static str) -> Field {
    Field { name, offset, len }
}

/// `Elf32_Ehdr`.
pub static EHDR32: [Field; 19] = [
    at(0x00, 4, "e_ident[EI_MAG]"),
    at(0x04, 1, "e_ident[EI_CLASS]"),
    at(0x05, 1, "e_ident[EI_DATA]"),
    at(0x06, 1, "e_ident[EI_VERSION]"),
    at(0x07, 1, "e_ident[EI_OSABI]"),
    at(0x08, 8, "e_ident[EI_ABIVERSION..]"),
    at(0x10, 2, "e_type"),
    at(0x12, 2, "e_machine"),
    at(0x14, 4, "e_version"),
    at(0x18, 4, "e_entry"),
    at(0x1c, 4, "e_phoff"),
    at(0x20, 4, "e_shoff"),
    at(0x24, 4, "e_flags"),
    at(0x28, 2, "e_ehsize"),
    at(0x2a, 2, "e_phentsize"),
    at(0x2c, 2, "e_phnum"),
    at(0x2e, 2, "e_shentsize"),
    at(0x30, 2, "e_shnum"),
    at(0x32, 2, "e_shstrndx"),
];

/// `Elf64_Ehdr`.
pub static EHDR64: [Field; 19] = [
    at(0x00, 4, "e_ident[EI_MAG]"),
    at(0x04, 1, "e_ident[EI_CLASS]"),
    at(0x05, 1, "e_ident[EI_DATA]"),
    at(0x06, 1, "e_ident[EI_VERSION]"),
    at(0x07, 1, "e_ident[EI_OSABI]"),
    at(0x08, 8, "e_ident[EI_ABIVERSION..]"),
    at(0x10, 2, "e_type"),
    at(0x12, 2, "e_machine"),
    at(0x14, 4, "e_version"),
    at(0x18, 8, "e_entry"),
    at(0x20, 8, "e_phoff"),
    at(0x28, 8, "e_shoff"),
    at(0x30, 4, "e_flags"),
    at(0x34, 2, "e_ehsize"),
    at(0x36, 2, "e_phentsize"),
    at(0x38, 2, "e_phnum"),
    at(0x3a, 2, "e_shentsize"),
    at(0x3c, 2, "e_shnum"),
    at(0x3e, 2, "e_shstrndx"),
];

/// `Elf32_Phdr`.
pub static PHDR32: [Field; 8] = [
    at(0x00, 4, "p_type"),
    at(0x04, 4, "p_offset"),
    at(0x08, 4, "p_vaddr"),
    at(0x0c, 4, "p_paddr"),
    at(0x10, 4, "p_filesz"),
    at(0x14, 4, "p_memsz"),
    at(0x18, 4, "p_flags"),
    at(0x1c, 4, "p_align"),
];

/// `Elf64_Phdr`.
pub static PHDR64: [Field; 8] = [
    at(0x00, 4, "p_type"),
    at(0x04, 4, "p_flags"),
    at(0x08, 8, "p_offset"),
    at(0x10, 8, "p_vaddr"),
    at(0x18, 8, "p_paddr"),
    at(0x20, 8, "p_filesz"),
    at(0x28, 8, "p_memsz"),
    at(0x30, 8, "p_align"),
];

/// The ELF header's fields.
pub fn ehdr(class: Class) -> &'static [Field] {
    match class {
        Class::Bits32 => &EHDR32,
        Class::Bits64 => &EHDR64,
    }
}

/// The fields of a program header.
pub fn phdr(class: Class) -> &'static [Field] {
    match class {
        Class::Bits32 => &PHDR32,
        Class::Bits64 => &PHDR64,
    }
}

/// Bytes in a header of these fields.
pub fn total_bytes(fields: &[Field]) -> u32 {
    fields.iter().map(|field| field.len).sum()
}

/// What people call the header that a field of an image is in; a program header's fields have its number
/// (`p_type[0]`).
pub fn header_of(name: &str) -> String {
    let number = name.strip_prefix("p_").and_then(|rest| rest.split_once('['));
    match number {
        Some((_, number)) => format!("program header {}", number.trim_end_matches(']')),
        None => "ELF header".into(),
    }
}

/// The field of that name.
///
/// # Panics
/// If there is none: names are literals in this folder, and a test looks up every one that a rule reads.
pub fn find<'a>(fields: &'a [Field], name: &str) -> &'a Field {
    fields.iter().find(|field| field.name == name).unwrap_or_else(|| panic!("no header field is named {name}"))
}

/// `e_type` of an executable at fixed addresses.
pub const ET_EXEC: u64 = 2;
/// `e_type` of a position-independent executable.
pub const ET_DYN: u64 = 3;
/// `p_type` of a segment to map.
pub const PT_LOAD: u64 = 1;
/// `p_type` of the interpreter's path.
pub const PT_INTERP: u64 = 3;
/// `p_type` of notes.
pub const PT_NOTE: u64 = 4;
/// `p_type` of the marker that has the stack's flags.
pub const PT_GNU_STACK: u64 = 0x6474_e551;
/// `p_flags`: executable.
pub const PF_X: u64 = 1;
/// `p_flags`: writable.
pub const PF_W: u64 = 2;
/// `p_flags`: readable.
pub const PF_R: u64 = 4;

/// A field's name in the file: program headers are numbered.
pub(crate) fn numbered(field: &Field, header: usize) -> String {
    format!("{}[{header}]", field.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_have_names() {
        assert_eq!(header_of("p_type[1]"), "program header 1");
        assert_eq!(header_of("e_ident[EI_MAG]"), "ELF header");
        assert_eq!(header_of("e_phnum"), "ELF header");
    }

    #[test]
    fn tables_are_contiguous_and_have_the_size_the_gabi_says() {
        let tables: [(&[Field], u32); 4] = [(&EHDR32, 52), (&EHDR64, 64), (&PHDR32, 32), (&PHDR64, 56)];
        for (fields, size) in tables {
            let mut end = 0;
            for field in fields {
                assert_eq!(field.offset, end, "{} does not follow the field before it", field.name);
                end += field.len;
            }
            assert_eq!(end, size);
            assert_eq!(total_bytes(fields), size);
        }
    }
}

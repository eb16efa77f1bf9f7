//! Where data lie. Read-only data follow the code. Writable data follow them, in a segment of their own, and after
//! these, in memory only, comes the program's state.
//!
//! ```text
//! file    headers code │ read-only data │ writable data
//! memory  ─────────── R|X ──────────────│   a page higher: ── R|W ── 0 … state
//! ```

use std::borrow::Cow;

use asmgen_arch::op::{Datum, DatumId, Program as Ops};
use asmgen_arch::{Code, Place, PlacedCode, Ref, Target};

use crate::canvas::{Canvas, CanvasError};
use crate::elf::{Layout, Writable};
use crate::image::Owner;

/// Memory is mapped in pages of at least so many bytes; after the file's end the last of them holds zeros.
const PAGE_BYTES: u64 = 4096;
/// The state begins at a multiple of so many bytes: a line of the cache.
const STATE_ALIGN: u64 = 64;

/// The data of a program in the order of their places.
pub(crate) struct Data<'a> {
    ops: &'a Ops,
    layout: &'a Layout,
    read_only: Vec<usize>,
    writable: Vec<usize>,
}

/// The data's places. Offsets are those in the file.
pub(crate) struct Places {
    /// Where each datum is in the file, by its number.
    offsets: Vec<u64>,
    /// Where each is in memory.
    addresses: Vec<u64>,
    /// End of the first segment.
    pub read_only_end: u64,
    /// The second segment, if there is one.
    pub writable: Option<Writable>,
    /// Address of the state.
    state: u64,
    /// Address of the file's first byte.
    image: u64,
}

impl<'a> Data<'a> {
    /// Data with a tail that the kernel copies and ignores come first: whatever follows them serves as the tail.
    pub(crate) fn of(ops: &'a Ops, code: &Code, layout: &'a Layout) -> Self {
        let mut order: Vec<usize> =
            (0..ops.data.len()).filter(|&at| code.needs(DatumId(at as u32)) && ops.data[at].within.is_none()).collect();
        order.sort_by_key(|&at| std::cmp::Reverse((ops.data[at].overread_bytes, ops.data[at].align)));
        let (writable, read_only) = order.into_iter().partition(|&at| ops.data[at].writable);
        Self { ops, layout, read_only, writable }
    }

    /// Where everything is if the code ends at this address.
    pub(crate) fn places(&self, code_end: u64) -> Places {
        let mut offsets = vec![0; self.ops.data.len()];
        let mut addresses = vec![0; self.ops.data.len()];
        let base = self.layout.base;
        let code_end = code_end - base;
        let (end, needed) = self.in_a_row(&self.read_only, code_end, base, &mut offsets, &mut addresses);
        // What is copied must be mapped; the segment's last page is, to its end.
        let read_only_end = if needed > end.next_multiple_of(PAGE_BYTES) { needed } else { end };
        let mut places = Places { offsets, addresses, read_only_end, writable: None, state: 0, image: base };
        if self.ops.has_writable_memory() {
            self.place_writable(&mut places);
        }
        for (at, datum) in self.ops.data.iter().enumerate() {
            let Some((of, offset)) = datum.within else { continue };
            places.offsets[at] = places.offsets[of.at()] + u64::from(offset);
            places.addresses[at] = places.addresses[of.at()] + u64::from(offset);
        }
        places
    }

    fn place_writable(&self, places: &mut Places) {
        let start = places.read_only_end;
        let base = self.layout.writable_address(0);
        let (end, needed) = self.in_a_row(&self.writable, start, base, &mut places.offsets, &mut places.addresses);
        // Where nothing is writable but the state, the segment has a copy of the last byte that is not.
        let first = self.writable.iter().map(|&at| places.offsets[at]).min().unwrap_or(start);
        let file_offset = first.min(end - 1);
        let address = self.layout.writable_address(file_offset);
        let file_bytes = end - file_offset;
        places.state = (address + needed - file_offset).next_multiple_of(STATE_ALIGN);
        let state_end = places.state + u64::from(self.ops.state_bytes);
        let memory_bytes = if self.ops.state_bytes > 0 { state_end - address } else { needed - file_offset };
        places.writable = Some(Writable { file_offset, file_bytes, memory_bytes });
    }

    /// Places some data one after the other from a file offset on; `base` is the address of offset 0. Returns the end,
    /// and the end of what the kernel copies with them.
    fn in_a_row(
        &self,
        order: &[usize],
        start: u64,
        base: u64,
        offsets: &mut [u64],
        addresses: &mut [u64],
    ) -> (u64, u64) {
        let word_bytes = self.layout.target.class.word_bytes();
        let (mut end, mut needed) = (start, start);
        for &at in order {
            let datum = &self.ops.data[at];
            addresses[at] = (base + end).next_multiple_of(u64::from(datum.align));
            offsets[at] = addresses[at] - base;
            end = offsets[at] + datum.len_bytes(word_bytes);
            needed = needed.max(end + u64::from(datum.overread_bytes));
        }
        (end, needed)
    }

    /// Claims the data's bytes, and those between them.
    pub(crate) fn claim(&self, canvas: &mut Canvas, places: &Places, code: &PlacedCode) -> Result<(), CanvasError> {
        let target = self.layout.target;
        let claim = |canvas: &mut Canvas, at: usize| {
            let datum = &self.ops.data[at];
            pad(canvas, places.offsets[at], "data are aligned")?;
            let bytes = bytes_of(datum, places, code, target);
            canvas.claim(canvas.len(), &bytes, Owner::Data { name: datum.name.clone() })
        };
        self.read_only.iter().try_for_each(|&at| claim(canvas, at))?;
        pad(canvas, places.read_only_end, "copied by the kernel with what stands before, and ignored")?;
        self.writable.iter().try_for_each(|&at| claim(canvas, at))
    }
}

impl Places {
    /// The address of something that is not code.
    pub(crate) fn address(&self, place: Place) -> u64 {
        match place {
            Place::Datum(datum) => self.addresses[datum.at()],
            Place::State(offset) => self.state + u64::from(offset),
            Place::Image => self.image,
        }
    }
}

/// Claims zeros up to an offset, if it is not reached yet.
pub(crate) fn pad(canvas: &mut Canvas, to: u64, why: &str) -> Result<(), CanvasError> {
    let missing = to.saturating_sub(u64::from(canvas.len()));
    canvas.claim(canvas.len(), &vec![0; missing as usize], Owner::Pad { why: why.into() })
}

fn bytes_of<'d>(datum: &'d Datum, places: &Places, code: &PlacedCode, target: &Target) -> Cow<'d, [u8]> {
    let address = |to: Ref| match to {
        Ref::Code(label) => code.label(label).expect("every label in the data is placed"),
        Ref::Data(datum) => places.address(Place::Datum(datum)),
        Ref::State(offset) => places.address(Place::State(offset)),
        Ref::Image => places.address(Place::Image),
    };
    datum.bytes(target.class.word_bytes(), &address).expect("addresses are below 2 GiB")
}

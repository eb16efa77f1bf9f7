//! A perfect hash: every key has a place of its own in a table, so one comparison decides whether a key is there.
//!
//! Problem: with an ordinary hash, names can be chosen that fall together, and then a lookup visits all of them.
//! Strategy: hash and displace (Pagh 1999; Belazzougui, Botelho and Dietzfelbinger 2009). FNV-1a hashes the key to 32
//! bits. Its upper bits name a bucket of about four keys, which has a displacement, a number of 16 bits. The product of
//! displacement and hash has an upper half, and that, scaled to the table, is the place. The builder gives the large
//! buckets their displacements first and tries others until no two keys meet. If two keys have the same hash, or a
//! bucket finds no displacement, it begins again with another seed.
//! Invariant: the places of the keys are all different. What a key that is not in the table gets is any place.
//! Cost: the search takes time in proportion to the keys, since an eighth of the places stays free. The table has two
//! bytes a bucket beside its places.

/// What FNV-1a begins with and multiplies by, for 32 bits (RFC 9923 §5).
const OFFSET_BASIS: u32 = 0x811c_9dc5;
pub(crate) const FNV_PRIME: u32 = 0x0100_0193;
/// About so many keys are in a bucket.
const KEYS_PER_BUCKET: usize = 4;
/// One place in so many is free.
const FREE: usize = 8;
/// Seeds that are tried before the builder gives up; nearly every one does.
const SEEDS: u32 = 1000;
/// Most keys of a table: places are 16 bits wide.
pub(crate) const KEYS_MAX: usize = 32_768;

/// The table of some keys, without the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PerfectHash {
    /// What the hash begins with.
    pub(crate) seed: u32,
    /// The bucket is what is left of a hash after a shift by so many bits.
    pub(crate) bucket_shift: u8,
    /// A displacement for each bucket.
    pub(crate) displacements: Vec<u16>,
    /// How many places the table has.
    pub(crate) places: u32,
}

impl PerfectHash {
    /// The table of these keys, all of which differ.
    ///
    /// # Panics
    /// More keys than [`KEYS_MAX`], or two equal ones.
    pub(crate) fn of<K: AsRef<[u8]>>(keys: &[K]) -> Self {
        assert!(keys.len() <= KEYS_MAX, "places are 16 bits wide");
        let seeds = (0..SEEDS).map(|number| OFFSET_BASIS.wrapping_add(number));
        let mut tables = seeds.filter_map(|seed| Self::with_seed(keys, seed));
        tables.next().expect("keys that differ have a table with one seed in two")
    }

    fn with_seed<K: AsRef<[u8]>>(keys: &[K], seed: u32) -> Option<Self> {
        let bucket_bits = (keys.len() / KEYS_PER_BUCKET).max(2).next_power_of_two().ilog2();
        let places = (keys.len() + keys.len() / FREE + 1) as u32;
        let displacements = vec![0; 1 << bucket_bits];
        let mut table = Self { seed, bucket_shift: (u32::BITS - bucket_bits) as u8, displacements, places };
        let mut buckets = vec![Vec::new(); 1 << bucket_bits];
        for key in keys {
            let hash = hash(seed, key.as_ref());
            buckets[table.bucket(hash)].push(hash);
        }
        let mut order: Vec<usize> = (0..buckets.len()).collect();
        order.sort_by_key(|&bucket| std::cmp::Reverse(buckets[bucket].len()));
        let mut taken = vec![false; places as usize];
        for bucket in order {
            table.displacements[bucket] = displacement(&buckets[bucket], places, &mut taken)?;
        }
        Some(table)
    }

    fn bucket(&self, hash: u32) -> usize {
        (hash >> self.bucket_shift) as usize
    }

    /// The place of a key.
    pub(crate) fn place(&self, key: &[u8]) -> usize {
        let hash = hash(self.seed, key);
        place(hash, self.displacements[self.bucket(hash)], self.places)
    }
}

/// The displacement with which these hashes get places that are free, which it takes; if there is one.
fn displacement(hashes: &[u32], places: u32, taken: &mut [bool]) -> Option<u16> {
    (0..=u16::MAX).find(|&displacement| {
        let mut got = Vec::with_capacity(hashes.len());
        for &hash in hashes {
            let at = place(hash, displacement, places);
            if taken[at] {
                break;
            }
            taken[at] = true;
            got.push(at);
        }
        let is_whole = got.len() == hashes.len();
        if !is_whole {
            for at in got {
                taken[at] = false;
            }
        }
        is_whole
    })
}

/// FNV-1a of a key and the NUL after it.
fn hash(seed: u32, key: &[u8]) -> u32 {
    key.iter().chain([&0]).fold(seed, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(FNV_PRIME))
}

fn place(hash: u32, displacement: u16, places: u32) -> usize {
    let upper_half = hash.wrapping_mul(u32::from(displacement)) >> u16::BITS;
    ((upper_half * places) >> u16::BITS) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_all_differ(keys: &[Vec<u8>]) {
        let table = PerfectHash::of(keys);
        let mut taken = vec![false; table.places as usize];
        for key in keys {
            assert!(!std::mem::replace(&mut taken[table.place(key)], true), "a place is taken twice");
        }
    }

    /// Every string of `length` of these two.
    fn words(pair: [&str; 2], length: u32) -> Vec<Vec<u8>> {
        let word = |number: u32| (0..length).map(|bit| pair[(number >> bit & 1) as usize]).collect::<String>();
        (0..1 << length).map(|number| word(number).into_bytes()).collect()
    }

    #[test]
    fn any_number_of_keys_have_places_of_their_own() {
        for count in (0..100).chain([1000, 4096, KEYS_MAX]) {
            assert_all_differ(&(0..count).map(|number| format!("/file-{number}").into_bytes()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn hostile_keys_have_places_of_their_own() {
        // Equal for every hash `h * 31 + byte`; equal in all lower bits; one long common beginning.
        assert_all_differ(&words(["Aa", "BB"], 12));
        assert_all_differ(&words(["\u{1}", "A"], 12));
        assert_all_differ(&words(["\0", "@"], 12));
        let beginning = vec![b'x'; 255];
        assert_all_differ(&(0..=255).map(|byte| [&beginning[..], &[byte]].concat()).collect::<Vec<_>>());
        assert_all_differ(&(0..400).map(|length| vec![b'/'; length]).collect::<Vec<_>>());
    }
}

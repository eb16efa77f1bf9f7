//! Several sites behind one address: the host of a request chooses.

use std::collections::BTreeMap;

use super::answer::Answer;
use super::table::Table;
use super::target::{Target, host_of};

/// Sites by their hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// The site for all other hosts.
    pub default: Table,
    /// Sites by host, in lower case, without port and without a dot at the end.
    pub by_name: BTreeMap<Vec<u8>, Table>,
}

impl Hosts {
    /// The site that is asked. The host in the target, if there is one, wins over the field `Host` (RFC 9112 §3.2.2).
    pub fn site(&self, host: Option<&[u8]>, target: &[u8]) -> &Table {
        let in_target = Target::of(target).ok().and_then(|target| target.authority);
        let name = in_target.or(host).map(host_of);
        name.and_then(|name| self.by_name.get(&name)).unwrap_or(&self.default)
    }

    /// The reply to a request with this host and this target.
    pub fn answer(&self, host: Option<&[u8]>, target: &[u8]) -> Answer {
        self.site(host, target).answer(target)
    }
}

//! Every operation of the epoll engine has a reason, which the listing shows; those without one are counted.

use super::sources;

/// Operations without a reason. This number only goes down.
const WITHOUT_MAX: usize = 151;

/// How an operation has no reason: by the constant that says so, or by an empty text.
const WITHOUT: [&str; 2] = ["NO_WHY)", ", \"\")"];

#[test]
fn operations_have_reasons() {
    let files = sources("src/lower/epoll", &["rs"]);
    let count: usize = files.iter().flat_map(|file| WITHOUT.map(|how| file.text.matches(how).count())).sum();
    assert!(count > 0 && count <= WITHOUT_MAX, "{count} operations have no reason, more than {WITHOUT_MAX}");
}

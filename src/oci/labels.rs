//! The well-known annotations (image-spec, annotations.md). The same ones are labels in the configuration, where
//! `docker inspect` shows them, and annotations of each manifest and of the index, where registries read them.

use super::ImageRequest;
use super::content::Annotations;
use crate::date;

/// The facts known about an image, by their well-known keys; none where bytes count more.
pub(super) fn of(request: &ImageRequest) -> Annotations {
    if request.is_golf {
        return Annotations::new();
    }
    let about = &request.about;
    let page = if is_web_address(&about.repository) { &about.repository } else { "" };
    let table: [(&str, &str); 9] = [
        ("org.opencontainers.image.created", &date::rfc3339(request.created_epoch_s)),
        ("org.opencontainers.image.title", &about.title),
        ("org.opencontainers.image.description", &about.description),
        ("org.opencontainers.image.version", &about.version),
        ("org.opencontainers.image.licenses", &about.licenses),
        ("org.opencontainers.image.authors", &about.authors),
        ("org.opencontainers.image.source", &about.repository),
        // Where people find out more: the repository's page is the one place a spec names.
        ("org.opencontainers.image.url", page),
        ("org.opencontainers.image.documentation", page),
    ];
    table.into_iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key, value.to_owned())).collect()
}

fn is_web_address(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

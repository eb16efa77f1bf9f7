//! A folder as a site: which reply each request has, compared with docs/site.md row by row and with a model.

mod bad;
mod check;
mod fixture;
mod model;
mod properties;
mod rows;
mod serve;

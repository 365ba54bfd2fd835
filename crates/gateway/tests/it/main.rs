//! The one integration binary: everything that is checked from outside, one module per subject.

mod house;

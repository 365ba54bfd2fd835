//! Floor of the house: see ARCHITECTURE.md.

"""What `benches/verify.py` is made of: criterion's side and the peers'. The crates' benches use the Rust files."""

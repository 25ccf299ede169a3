"""What `benches/gate.py` is made of, one noun a module: answer, ends, routers; then windows, rejections, checks."""

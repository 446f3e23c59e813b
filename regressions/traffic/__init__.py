"""Traffic study: what each codec makes of the bytes that training moves over external memory."""

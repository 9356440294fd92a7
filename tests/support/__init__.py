"""What tests share: where vectors lie, clocks and ids that count, a PostgreSQL to test on."""

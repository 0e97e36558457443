"""What is told to readers: who is due, what is new to them, how it reads, how it leaves."""

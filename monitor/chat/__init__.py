"""What people answer in chat: buttons and commands, read, checked, done once, and answered."""

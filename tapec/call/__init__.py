"""What a call is: signature, specialisation, the kernel and its cheap key."""

"""What a call is: signature, specialisation, the kernel and its fast look-up."""

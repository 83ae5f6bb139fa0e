# What 32-bit programs write to the first serial port with. Runs wherever it is loaded.

        .set    UART, 0x3f8

print:                                  # the text at %esi, ended by 0
        lodsb
        test    %al, %al
        jz      1f
        call    put
        jmp     print
1:      ret

put:                                    # %al
        push    %edx
        push    %eax
        mov     $UART + 5, %dx
1:      in      %dx, %al
        test    $0x20, %al              # room for one more?
        jz      1b
        pop     %eax
        mov     $UART, %dx
        out     %al, %dx
        pop     %edx
        ret

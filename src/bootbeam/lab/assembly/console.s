# What the Multiboot kernels share: hashing, and writing to the first serial port. 32-bit protected mode.

hash:                                   # from %esi up to %ecx, into %edx
        mov     $0x811c9dc5, %edx
1:      cmp     %ecx, %esi
        jae     2f
        movzbl  (%esi), %eax
        xor     %eax, %edx
        imul    $0x01000193, %edx, %edx
        inc     %esi
        jmp     1b
2:      ret

print_hex:                              # %edx
        mov     $8, %ecx
1:      rol     $4, %edx
        mov     %edx, %eax
        and     $15, %eax
        mov     digits(%eax), %al
        call    put
        loop    1b
        ret

        .include "uart.s"

open_uart:                              # 115200 8N1, no interrupts, whatever was set before
        mov     $UART + 1, %dx
        xor     %al, %al
        out     %al, %dx
        mov     $UART + 3, %dx
        mov     $0x80, %al
        out     %al, %dx
        mov     $UART, %dx
        mov     $1, %al
        out     %al, %dx
        inc     %dx
        xor     %al, %al
        out     %al, %dx
        mov     $UART + 3, %dx
        mov     $3, %al
        out     %al, %dx
        ret

        .section .rodata
newline:                .asciz "\r\n"
nothing:                .asciz ""
digits:                 .ascii "0123456789abcdef"

        .bss
        .align  16
        .skip   4096
stack_top:

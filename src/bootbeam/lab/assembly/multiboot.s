# A Multiboot 1 kernel (Multiboot Specification 0.6.96) that proves itself on the first serial port and stops:
#
#   multiboot cmdline: CMDLINE
#   multiboot module: STRING hash HHHHHHHH      for each module, the hash of its bytes
#   multiboot hash: HHHHHHHH                    of the command line
#
# The hashes (FNV-1a, 32 bit) are computed here, so the lines cannot be an echo of this file.

        .set    MAGIC, 0x1BADB002
        .set    LOADED_BY_MULTIBOOT, 0x2BADB002
        .set    INFO_HAS_CMDLINE, 4
        .set    INFO_HAS_MODULES, 8

        .code32                         # whatever the container: it may be linked into a 64-bit ELF too
        .section .multiboot, "a"
        .align  4
        .long   MAGIC, 0, -MAGIC

        .text
        .globl  _start
_start: cld
        mov     $stack_top, %esp
        mov     %ebx, %ebp              # the multiboot information
        mov     %eax, %ebx
        call    open_uart
        cmp     $LOADED_BY_MULTIBOOT, %ebx
        jne     stop

        mov     $cmdline_label, %esi
        call    print
        mov     $nothing, %edi
        testl   $INFO_HAS_CMDLINE, (%ebp)
        jz      1f
        mov     16(%ebp), %edi
1:      mov     %edi, %esi
        call    print
        mov     $newline, %esi
        call    print

        testl   $INFO_HAS_MODULES, (%ebp)
        jz      3f
        mov     20(%ebp), %ecx          # how many
        mov     24(%ebp), %ebx          # where their entries are, 16 bytes each
2:      jecxz   3f
        push    %ecx
        call    print_module
        pop     %ecx
        add     $16, %ebx
        dec     %ecx
        jmp     2b

3:      mov     $hash_label, %esi
        call    print
        mov     %edi, %esi
        mov     %edi, %ecx
4:      cmpb    $0, (%ecx)
        je      5f
        inc     %ecx
        jmp     4b
5:      call    hash
        call    print_hex
        mov     $newline, %esi
        call    print
stop:   cli
        hlt
        jmp     stop

print_module:                           # %ebx: its entry
        mov     $module_label, %esi
        call    print
        mov     8(%ebx), %esi
        test    %esi, %esi
        jz      1f
        call    print
1:      mov     $module_hash_label, %esi
        call    print
        mov     (%ebx), %esi
        mov     4(%ebx), %ecx
        call    hash
        call    print_hex
        mov     $newline, %esi
        jmp     print

        .include "console.s"

        .section .rodata
cmdline_label:          .asciz "\r\nmultiboot cmdline: "
module_label:           .asciz "multiboot module: "
module_hash_label:      .asciz " hash "
hash_label:             .asciz "multiboot hash: "

# A Multiboot 2 kernel (Multiboot2 Specification 2.0) that proves itself on the first serial port and stops:
#
#   multiboot2 loader: NAME
#   multiboot2 module: STRING hash HHHHHHHH     for each module, the hash of its bytes
#   multiboot2 cmdline: CMDLINE
#   multiboot2 hash: HHHHHHHH                   of the command line
#
# The hashes (FNV-1a, 32 bit) are computed here, so the lines cannot be an echo of this file.

        .set    MAGIC, 0xE85250D6
        .set    LOADED_BY_MULTIBOOT2, 0x36D76289
        .set    TAG_END, 0
        .set    TAG_CMDLINE, 1
        .set    TAG_LOADER, 2
        .set    TAG_MODULE, 3

        .code32
        .section .multiboot, "a"
        .align  8
header: .long   MAGIC, 0, header_end - header, -(MAGIC + header_end - header)
        .short  0, 0                    # the ending tag
        .long   8
header_end:

        .text
        .globl  _start
_start: cld
        mov     $stack_top, %esp
        mov     %ebx, %ebp              # the boot information
        mov     %eax, %ebx
        call    open_uart
        cmp     $LOADED_BY_MULTIBOOT2, %ebx
        jne     stop

        mov     $nothing, %edi          # the command line
        add     $8, %ebp                # past the total size
next:   mov     (%ebp), %eax            # the tag's type
        cmp     $TAG_END, %eax
        je      end
        cmp     $TAG_CMDLINE, %eax
        jne     1f
        lea     8(%ebp), %edi
1:      cmp     $TAG_LOADER, %eax
        jne     2f
        mov     $loader_label, %esi
        call    print
        lea     8(%ebp), %esi
        call    print
        mov     $newline, %esi
        call    print
        jmp     3f
2:      cmp     $TAG_MODULE, %eax
        jne     3f
        call    print_module
3:      mov     4(%ebp), %eax           # its size; the next one begins on 8 bytes
        add     $7, %eax
        and     $~7, %eax
        add     %eax, %ebp
        jmp     next

end:    mov     $cmdline_label, %esi
        call    print
        mov     %edi, %esi
        call    print
        mov     $newline, %esi
        call    print
        mov     $hash_label, %esi
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

print_module:                           # %ebp: its tag
        mov     $module_label, %esi
        call    print
        lea     16(%ebp), %esi
        call    print
        mov     $module_hash_label, %esi
        call    print
        mov     8(%ebp), %esi
        mov     12(%ebp), %ecx
        call    hash
        call    print_hex
        mov     $newline, %esi
        jmp     print

        .include "console.s"

        .section .rodata
loader_label:           .asciz "\r\nmultiboot2 loader: "
module_label:           .asciz "multiboot2 module: "
module_hash_label:      .asciz " hash "
cmdline_label:          .asciz "multiboot2 cmdline: "
hash_label:             .asciz "multiboot2 hash: "

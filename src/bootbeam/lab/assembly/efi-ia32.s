# An EFI application for 32-bit x86 (UEFI Specification 2.10 §4) that proves itself and switches the PC off. It writes
#
#   efi options: OPTIONS                        to the first serial port: what it was started with
#   efi hash: HHHHHHHH
#
# The hash (FNV-1a, 32 bit, of the options' characters) is computed here, so the line cannot be an echo of this file.
# Runs wherever it is loaded and writes to the stack only: it needs no relocation and no writable section.

        .set    TABLE_RUNTIME_SERVICES, 56
        .set    TABLE_BOOT_SERVICES, 60
        .set    BOOT_HANDLE_PROTOCOL, 88
        .set    RUNTIME_RESET_SYSTEM, 64
        .set    RESET_SHUTDOWN, 2
        .set    IMAGE_OPTIONS_SIZE, 24
        .set    IMAGE_OPTIONS, 28

        .text
        .globl  _start
_start: mov     4(%esp), %ecx                   # our handle
        mov     8(%esp), %ebx                   # the system table
        call    here
here:   pop     %ebp                            # where we are: all of ours is found from here
        sub     $16, %esp
        cld

        # HandleProtocol(our handle, the GUID of EFI_LOADED_IMAGE_PROTOCOL, where to put it)
        mov     %esp, %eax
        lea     loaded_image_guid - here(%ebp), %edx
        push    %eax
        push    %edx
        push    %ecx
        mov     TABLE_BOOT_SERVICES(%ebx), %eax
        call    *BOOT_HANDLE_PROTOCOL(%eax)
        add     $12, %esp
        xor     %edi, %edi
        xor     %ecx, %ecx
        test    %eax, %eax
        jnz     1f
        mov     (%esp), %eax
        mov     IMAGE_OPTIONS(%eax), %edi       # UCS-2 text
        mov     IMAGE_OPTIONS_SIZE(%eax), %ecx  # its bytes
        shr     $1, %ecx                        # its characters
1:      lea     options_label - here(%ebp), %esi
        call    print

        mov     $0x811c9dc5, %esi
2:      test    %ecx, %ecx
        jz      3f
        movzbl  (%edi), %eax
        test    %al, %al
        jz      3f
        xor     %eax, %esi
        imul    $0x01000193, %esi, %esi
        call    put
        add     $2, %edi
        dec     %ecx
        jmp     2b

3:      mov     %esi, %edi
        lea     hash_label - here(%ebp), %esi
        call    print
        mov     $8, %ecx
4:      rol     $4, %edi
        mov     %edi, %eax
        and     $15, %eax
        movzbl  digits - here(%ebp, %eax), %eax
        call    put
        loop    4b
        lea     newline - here(%ebp), %esi
        call    print

        # ResetSystem(shutdown, success, no data)
        push    $0
        push    $0
        push    $0
        push    $RESET_SHUTDOWN
        mov     TABLE_RUNTIME_SERVICES(%ebx), %eax
        call    *RUNTIME_RESET_SYSTEM(%eax)
5:      hlt
        jmp     5b

        .include "uart.s"

        .align  8
loaded_image_guid:
        .long   0x5b1b31a1
        .short  0x9562, 0x11d2
        .byte   0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b
options_label:  .asciz "\r\nefi options: "
hash_label:     .asciz "\r\nefi hash: "
newline:        .asciz "\r\n"
digits:         .ascii "0123456789abcdef"

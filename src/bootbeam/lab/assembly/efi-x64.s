# An EFI application for x64 (UEFI Specification 2.10 §4) that proves itself and switches the PC off. It writes
#
#   efi options: OPTIONS                        to the first serial port: what it was started with
#   efi hash: HHHHHHHH                          to the first serial port and, through the firmware, to the screen
#
# The hash (FNV-1a, 32 bit, of the options' characters) is computed here, so the line cannot be an echo of this file.
# Runs wherever it is loaded and writes to the stack only: it needs no relocation and no writable section.

        .set    UART, 0x3f8
        .set    TABLE_CONOUT, 64
        .set    TABLE_RUNTIME_SERVICES, 88
        .set    TABLE_BOOT_SERVICES, 96
        .set    CONOUT_OUTPUT_STRING, 8
        .set    BOOT_HANDLE_PROTOCOL, 152
        .set    RUNTIME_RESET_SYSTEM, 104
        .set    RESET_SHUTDOWN, 2
        .set    IMAGE_OPTIONS_SIZE, 48
        .set    IMAGE_OPTIONS, 56
        .set    SCREEN_LINE, 64                 # on the stack, above the callee's 32 bytes and our one pointer

        .text
        .globl  _start
_start: push    %rbx
        push    %rsi
        push    %rdi
        push    %r12
        push    %r13
        sub     $192, %rsp                      # keeps the stack on 16 bytes, as calls of the firmware want it
        mov     %rdx, %rbx                      # the system table
        cld

        # HandleProtocol(our handle, the GUID of EFI_LOADED_IMAGE_PROTOCOL, where to put it)
        lea     loaded_image_guid(%rip), %rdx
        lea     40(%rsp), %r8
        mov     TABLE_BOOT_SERVICES(%rbx), %rax
        call    *BOOT_HANDLE_PROTOCOL(%rax)
        xor     %r12, %r12
        xor     %r13, %r13
        test    %rax, %rax
        jnz     1f
        mov     40(%rsp), %rax
        mov     IMAGE_OPTIONS(%rax), %r12       # UCS-2 text
        mov     IMAGE_OPTIONS_SIZE(%rax), %r13d # its bytes
        shr     $1, %r13                        # its characters
1:      lea     options_label(%rip), %rsi
        call    print

        mov     $0x811c9dc5, %edi
2:      test    %r13, %r13
        jz      3f
        movzbl  (%r12), %eax
        test    %al, %al
        jz      3f
        xor     %eax, %edi
        imul    $0x01000193, %edi, %edi
        call    put
        add     $2, %r12
        dec     %r13
        jmp     2b

3:      lea     hash_label(%rip), %rsi
        call    print
        lea     SCREEN_LINE(%rsp), %r12         # the same line once more, as UCS-2, for the screen
        lea     hash_label(%rip), %rsi
4:      lodsb
        test    %al, %al
        jz      5f
        movzbl  %al, %eax
        mov     %ax, (%r12)
        add     $2, %r12
        jmp     4b
5:      lea     digits(%rip), %rsi
        mov     $8, %r13d
6:      rol     $4, %edi
        mov     %edi, %eax
        and     $15, %eax
        movzbl  (%rsi,%rax), %eax
        mov     %ax, (%r12)
        add     $2, %r12
        call    put
        dec     %r13d
        jnz     6b
        movl    $0x000a000d, (%r12)
        movw    $0, 4(%r12)
        lea     newline(%rip), %rsi
        call    print

        # ConOut->OutputString(ConOut, the line)
        mov     TABLE_CONOUT(%rbx), %rcx
        lea     SCREEN_LINE(%rsp), %rdx
        call    *CONOUT_OUTPUT_STRING(%rcx)

        # ResetSystem(shutdown, success, no data)
        mov     $RESET_SHUTDOWN, %ecx
        xor     %edx, %edx
        xor     %r8, %r8
        xor     %r9, %r9
        mov     TABLE_RUNTIME_SERVICES(%rbx), %rax
        call    *RUNTIME_RESET_SYSTEM(%rax)
7:      hlt
        jmp     7b

print:                                          # the text at %rsi, ended by 0
        lodsb
        test    %al, %al
        jz      1f
        call    put
        jmp     print
1:      ret

put:                                            # %al
        push    %rax
        mov     $UART + 5, %dx
1:      in      %dx, %al
        test    $0x20, %al                      # room for one more?
        jz      1b
        pop     %rax
        mov     $UART, %dx
        out     %al, %dx
        ret

        .align  8
loaded_image_guid:
        .long   0x5b1b31a1
        .short  0x9562, 0x11d2
        .byte   0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b
options_label:  .asciz "\r\nefi options: "
hash_label:     .asciz "\r\nefi hash: "
newline:        .asciz "\r\n"
digits:         .ascii "0123456789abcdef"

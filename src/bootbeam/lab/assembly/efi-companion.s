# An EFI application for x64 (UEFI Specification 2.10 §4, §13) that opens "hypervisor.elf" in the directory it was
# loaded from, as a hypervisor's loader does, writes to the first serial port
#
#   companion size: HHHHHHHH
#   companion hash: HHHHHHHH                    (FNV-1a, 32 bit, of its bytes)
#
# and returns success to whoever started it. When a step fails it writes "companion failed: " and the status.
# Runs wherever it is loaded and writes to the stack only: it needs no relocation and no writable section.

        .set    UART, 0x3f8
        .set    TABLE_BOOT_SERVICES, 96
        .set    BOOT_HANDLE_PROTOCOL, 152
        .set    IMAGE_DEVICE_HANDLE, 24
        .set    IMAGE_FILE_PATH, 32
        .set    PATH_IS_FILE, 0x0404            # device path node: type 4 (media), subtype 4 (file path)
        .set    FS_OPEN_VOLUME, 8
        .set    FILE_OPEN, 8
        .set    FILE_CLOSE, 16
        .set    FILE_READ, 32
        .set    OPEN_READ, 1
        .set    MAX_PATH_CHARACTERS, 200

        .set    FIFTH, 32                       # on the stack, behind the callee's 32 bytes
        .set    POINTER, 40
        .set    SIZE, 48
        .set    BUFFER, 64
        .set    BUFFER_BYTES, 1024
        .set    PATH, BUFFER + BUFFER_BYTES
        .set    FRAME, PATH + 528

        .text
        .globl  _start
_start: push    %rbx
        push    %rsi
        push    %rdi
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        sub     $FRAME, %rsp                    # keeps the stack on 16 bytes, as calls of the firmware want it
        mov     TABLE_BOOT_SERVICES(%rdx), %rbx
        cld

        # HandleProtocol(our handle, the GUID of EFI_LOADED_IMAGE_PROTOCOL, where to put it)
        lea     loaded_image_guid(%rip), %rdx
        lea     POINTER(%rsp), %r8
        call    *BOOT_HANDLE_PROTOCOL(%rbx)
        test    %rax, %rax
        jnz     fail
        mov     POINTER(%rsp), %r12

        # The path of our own file up to its last backslash, and the other file's name.
        lea     PATH(%rsp), %rdi
        mov     %rdi, %r13                      # where the name goes
        mov     IMAGE_FILE_PATH(%r12), %rsi
        test    %rsi, %rsi
        jz      2f
        cmpw    $PATH_IS_FILE, (%rsi)
        jne     2f
        add     $4, %rsi
        mov     $MAX_PATH_CHARACTERS, %ecx
1:      lodsw
        test    %ax, %ax
        jz      2f
        stosw
        cmp     $'\\', %ax
        cmove   %rdi, %r13
        loop    1b
2:      mov     %r13, %rdi
        lea     name(%rip), %rsi
3:      lodsw
        stosw
        test    %ax, %ax
        jnz     3b

        # The file system of the device we were loaded from; its root; the file.
        mov     IMAGE_DEVICE_HANDLE(%r12), %rcx
        lea     file_system_guid(%rip), %rdx
        lea     POINTER(%rsp), %r8
        call    *BOOT_HANDLE_PROTOCOL(%rbx)
        test    %rax, %rax
        jnz     fail
        mov     POINTER(%rsp), %rcx
        lea     POINTER(%rsp), %rdx
        call    *FS_OPEN_VOLUME(%rcx)
        test    %rax, %rax
        jnz     fail
        mov     POINTER(%rsp), %rcx
        lea     POINTER(%rsp), %rdx
        lea     PATH(%rsp), %r8
        mov     $OPEN_READ, %r9d
        movq    $0, FIFTH(%rsp)
        call    *FILE_OPEN(%rcx)
        test    %rax, %rax
        jnz     fail
        mov     POINTER(%rsp), %r14

        mov     $0x811c9dc5, %edi
        xor     %r13d, %r13d                    # bytes read
4:      movq    $BUFFER_BYTES, SIZE(%rsp)
        mov     %r14, %rcx
        lea     SIZE(%rsp), %rdx
        lea     BUFFER(%rsp), %r8
        call    *FILE_READ(%r14)
        test    %rax, %rax
        jnz     fail
        mov     SIZE(%rsp), %ecx
        test    %ecx, %ecx
        jz      6f
        add     %ecx, %r13d
        lea     BUFFER(%rsp), %rsi
5:      lodsb
        movzbl  %al, %eax
        xor     %eax, %edi
        imul    $0x01000193, %edi, %edi
        loop    5b
        jmp     4b

6:      mov     %r14, %rcx
        call    *FILE_CLOSE(%r14)
        lea     size_label(%rip), %rsi
        mov     %r13d, %r12d
        call    print_with_number
        lea     hash_label(%rip), %rsi
        mov     %edi, %r12d
        call    print_with_number
        xor     %eax, %eax
        jmp     7f

fail:   mov     %rax, %r15
        lea     failed_label(%rip), %rsi
        mov     %eax, %r12d
        call    print_with_number
        mov     %r15, %rax
7:      add     $FRAME, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rdi
        pop     %rsi
        pop     %rbx
        ret

print_with_number:                              # the text at %rsi, ended by 0, and %r12d in hex
        lodsb
        test    %al, %al
        jz      1f
        call    put
        jmp     print_with_number
1:      lea     digits(%rip), %rsi
        mov     $8, %ecx
2:      rol     $4, %r12d
        mov     %r12d, %eax
        and     $15, %eax
        movzbl  (%rsi,%rax), %eax
        call    put
        loop    2b
        mov     $'\r', %al
        call    put
        mov     $'\n', %al

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
file_system_guid:
        .long   0x964e5b22
        .short  0x6459, 0x11d2
        .byte   0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b
name:   .string16 "hypervisor.elf"              # UCS-2, as EFI's file names are
size_label:     .asciz "\r\ncompanion size: "
hash_label:     .asciz "companion hash: "
failed_label:   .asciz "\r\ncompanion failed: "
digits:         .ascii "0123456789abcdef"

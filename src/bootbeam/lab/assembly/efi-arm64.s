// An EFI application for arm64 (UEFI Specification 2.10 §4) that proves itself and switches the machine off. It writes
//
//   efi options: OPTIONS                        to the first serial port: what it was started with
//   efi hash: HHHHHHHH
//
// The hash (FNV-1a, 32 bit, of the options' characters) is computed here, so the line cannot be an echo of this file.
// Runs wherever it is loaded and writes to the stack only: it needs no relocation and no writable section.

        .set    UART_HIGH, 0x0900               // a PL011 at 0x09000000: the first one of QEMU's machine "virt"
        .set    UART_FLAGS, 0x18
        .set    UART_IS_FULL, 5                 // the bit
        .set    TABLE_RUNTIME_SERVICES, 88
        .set    TABLE_BOOT_SERVICES, 96
        .set    BOOT_HANDLE_PROTOCOL, 152
        .set    RUNTIME_RESET_SYSTEM, 104
        .set    RESET_SHUTDOWN, 2
        .set    IMAGE_OPTIONS_SIZE, 48
        .set    IMAGE_OPTIONS, 56

        .text
        .globl  _start
_start: stp     x29, x30, [sp, #-64]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        mov     x19, x1                         // the system table

        // HandleProtocol(our handle, the GUID of EFI_LOADED_IMAGE_PROTOCOL, where to put it)
        adr     x1, loaded_image_guid
        add     x2, sp, #48
        ldr     x3, [x19, #TABLE_BOOT_SERVICES]
        ldr     x3, [x3, #BOOT_HANDLE_PROTOCOL]
        blr     x3
        mov     x20, #0
        mov     x21, #0
        cbnz    x0, 1f
        ldr     x3, [sp, #48]
        ldr     x20, [x3, #IMAGE_OPTIONS]       // UCS-2 text
        ldr     w21, [x3, #IMAGE_OPTIONS_SIZE]  // its bytes
        lsr     w21, w21, #1                    // its characters
1:      adr     x0, options_label
        bl      print

        movz    w22, #0x9dc5
        movk    w22, #0x811c, lsl #16
2:      cbz     w21, 3f
        ldrh    w0, [x20], #2
        ands    w0, w0, #0xff
        b.eq    3f
        eor     w22, w22, w0
        movz    w1, #0x0193
        movk    w1, #0x0100, lsl #16
        mul     w22, w22, w1
        bl      put
        sub     w21, w21, #1
        b       2b

3:      adr     x0, hash_label
        bl      print
        mov     w21, #8
4:      ror     w22, w22, #28
        and     x1, x22, #15
        adr     x2, digits
        ldrb    w0, [x2, x1]
        bl      put
        subs    w21, w21, #1
        b.ne    4b
        adr     x0, newline
        bl      print

        // ResetSystem(shutdown, success, no data)
        mov     x0, #RESET_SHUTDOWN
        mov     x1, #0
        mov     x2, #0
        mov     x3, #0
        ldr     x4, [x19, #TABLE_RUNTIME_SERVICES]
        ldr     x4, [x4, #RUNTIME_RESET_SYSTEM]
        blr     x4
5:      wfi
        b       5b

print:                                          // the text at x0, ended by 0
        mov     x10, x30
        mov     x9, x0
1:      ldrb    w0, [x9], #1
        cbz     w0, 2f
        bl      put
        b       1b
2:      mov     x30, x10
        ret

put:                                            // w0
        movz    x11, #UART_HIGH, lsl #16
1:      ldr     w12, [x11, #UART_FLAGS]
        tbnz    w12, #UART_IS_FULL, 1b          // room for one more?
        str     w0, [x11]
        ret

        .balign 8
loaded_image_guid:
        .long   0x5b1b31a1
        .short  0x9562, 0x11d2
        .byte   0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b
options_label:  .asciz "\r\nefi options: "
hash_label:     .asciz "\r\nefi hash: "
newline:        .asciz "\r\n"
digits:         .ascii "0123456789abcdef"

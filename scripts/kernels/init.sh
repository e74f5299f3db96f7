#!/bin/sh
# The first process of a guest: makes a usual system of what the kernel offers, runs the tests, ends the guest.
# Words of the kernel's command line that it does not know itself come as the environment: MAYFLY_*.
export PATH=/usr/bin HOME=/root TMPDIR=/tmp NO_COLOR=1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
exec </dev/null >/dev/console 2>&1
mkdir -p /dev/pts /dev/shm
mount -t devpts -o mode=0620,ptmxmode=0666 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ln -s /proc/self/fd /dev/fd
cd /mayfly
setsid node dist/test/kernels/guest.js
echo "mayfly: guest ended with $?"
# No power management is needed for a reboot, which qemu is told to take for the end.
echo b >/proc/sysrq-trigger
sleep 60

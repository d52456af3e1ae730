"""glassnet doctor: what the matrix products run on, and what to do for more speed."""

import sys
from typing import Annotated

import typer


def doctor(
    keep: Annotated[
        bool, typer.Option("--keep", help="let this command line use the faster kernel from now on, if there is one")
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", help="undo --keep")] = False,
) -> None:
    """Show which kernel NumPy's matrix products use, and what it costs.

    Training spends nearly all its time on matrix products, which a BLAS library computes for NumPy.

    Examples:

    `glassnet doctor`

    `glassnet doctor --keep`
    """
    from glassnet import doctor
    from glassnet.cli.terminal import console
    from glassnet.nn.errors import InputError
    from glassnet.progress import TaskBar

    if keep and forget:
        raise InputError("--keep and --forget exclude each other")
    if forget:
        gone = doctor.forget()
        console.print("The command line uses NumPy's own choice again." if gone else "There was nothing to forget.")
        return
    with TaskBar(quiet=not sys.stderr.isatty()) as bar:
        found = doctor.diagnose(lambda done, total: bar("measuring matrix products", done, total))
    now = found.now
    rows = [
        ("processor", f"{found.processor}, {found.cores} cores, {'AVX-512' if found.has_avx512 else 'no AVX-512'}"),
        ("Python, NumPy", f"{now.python}, {now.numpy}"),
        ("BLAS", f"{now.library or 'unknown'} {now.version}".strip()),
        ("kernel", f"{now.kernel or 'unknown'}, {now.threads or '?'} threads: {now.gflops:.0f} GFLOP/s"),
    ]
    if found.better:
        speed = f"{found.better.gflops:.0f} GFLOP/s" if found.better.right else "wrong results"
        rows.append(("another kernel", f"{doctor.KERNEL}: {speed}"))
    for name, value in rows:
        console.print(f"{name:<15} {value}", highlight=False, soft_wrap=True)
    console.print()
    for line in found.advice:
        console.print(line, highlight=False)
    if doctor.USED:
        console.print(f"The command line uses the kept kernel {', '.join(doctor.USED)}; --forget undoes that.")
    if keep:
        if found.gain >= doctor.WORTH:
            console.print(f"Kept in {doctor.keep(doctor.KERNEL)}", highlight=False, soft_wrap=True)
        else:
            console.print("Nothing was kept.")

"""Simulations and solvers as their users write them: every result, every gradient, natively."""

from __future__ import annotations

from typing import Any

import pytest
from programs.npbench.program import Kernel
from programs.unseen import KERNELS
from support.kernel_support import both, check_gradients, check_results, chosen, routes

# The larger half of the time to compile; of every kind some smaller or more telling ones stay.
COSTLY = frozenset(
    "lbfgs_two_loops robertson_bdf2 restarted_gmres sod_hll traffic_cell_transmission givens_qr "
    "peaceman_rachford kuramoto_sivashinsky variable_conductivity vasicek_swaption "
    "stick_slip_train preconditioned_cg lanczos counterflow_exchanger unshifted_qr_eigenvalues "
    "groundwater_and_overland_flow golub_kahan dam_break_2d bicgstab three_link_arm "
    "electrons_in_cells semi_lagrangian_vorticity solidification level_set_reinitialised "
    "forced_duffing_heun lqg_loop augmented_lagrangian sherman_morrison_updates "
    "modified_gram_schmidt_twice sandpile_with_real_grains bfgs block_tridiagonal".split()
)


@pytest.mark.slow
@both
@chosen(KERNELS)
def test_results(k: Kernel, backend: Any) -> None:
    check_results(k, backend)


@routes
@chosen(KERNELS, COSTLY, every=3)
def test_gradients(k: Kernel, backend: Any) -> None:
    check_gradients(k, backend)

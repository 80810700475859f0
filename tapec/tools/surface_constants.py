"""Functions that have nothing to do with floats that are traced.

Types, texts, files, constants, random numbers, integers, and questions about them.
"""

_NAMES = """
    array2string array_repr array_str base_repr binary_repr asmatrix bmat busday_count
    busday_offset is_busday can_cast common_type datetime_as_string datetime_data finfo iinfo
    format_float_positional format_float_scientific frombuffer fromfile fromfunction fromiter
    frompyfunc fromregex fromstring from_dlpack genfromtxt get_include get_printoptions
    getbufsize geterr geterrcall info isdtype issubdtype load loadtxt memmap min_scalar_type
    mintypecode nested_iters printoptions promote_types put_along_axis result_type save savetxt
    savez savez_compressed set_printoptions setbufsize seterr seterrcall show_config
    show_runtime typename test errstate isfortran iterable isscalar obj2sctype sctype2char
    set_array_function_like_doc packbits unpackbits bitwise_count left_shift right_shift
    bitwise_left_shift bitwise_right_shift gcd lcm invert bitwise_not bitwise_invert isnat
    bitwise_and bitwise_or bitwise_xor ravel_multi_index unravel_index bincount shares_memory
    may_share_memory empty empty_like put place putmask copyto scipy.special.errstate
    scipy.special.geterr scipy.special.seterr get_blas_funcs get_lapack_funcs
    find_best_blas_type get_workers set_workers set_backend skip_backend set_global_backend
    register_backend next_fast_len prev_fast_len bartlett blackman hamming hanning
    scipy.ndimage.generate_binary_structure fill_diagonal require tri ix_ diag_indices
    tril_indices triu_indices asarray_chkfinite scipy.linalg.dft scipy.linalg.bandwidth
    scipy.linalg.clarkson_woodruff_transform scipy.signal.firwin scipy.special.bernoulli
    scipy.special.euler
"""
CONSTANT = frozenset(_NAMES.split())

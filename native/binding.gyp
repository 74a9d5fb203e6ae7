# node-gyp build of the addon, and of the native tests without Node: node-gyp rebuild --directory native. It lies in this
# folder because package managers run node-gyp for packages that have it in their root. CMakeLists.txt builds the same from
# the same list, sources.json. Kernels are compiled once for each instruction-set level, each time into a library of its own:
# for all levels of the processor, or for those that ANNEAL_LEVELS names (avx512; sse2,avx2).
{
  'variables': {
    'levels': ['<!@(node -p "(process.env.ANNEAL_LEVELS ? process.env.ANNEAL_LEVELS.split(\',\') : require(\'./sources.json\').levels[\'<(target_arch)\']).join(\' \')")'],
    'dispatch': ['<!@(node -p "require(\'./sources.json\').dispatch.join(\' \')")'],
    'compact': ['<!@(node -p "require(\'./sources.json\').compact.join(\' \')")'],
    'engine': ['<!@(node -p "require(\'./sources.json\').engine.join(\' \')")'],
    'kernels': ['<!@(node -p "require(\'./sources.json\').kernels.join(\' \')")'],
    'binding': ['<!@(node -p "require(\'./sources.json\').binding.join(\' \')")'],
    'test': ['<!@(node -p "require(\'./sources.json\').test.join(\' \')")'],
    # The published package has no tests.
    'has_tests': '<!(node -p "Number(require(\'fs\').existsSync(\'test\'))")',
    # Not for kernels, which take no data of others but numbers, and would pay for it.
    'hardening_flags': ['-fstack-protector-strong'],
    # -Wno-psabi: vector arguments never leave a file, so how they are passed does not matter.
    'kernel_flags': ['-fno-math-errno', '-fno-trapping-math', '-ffp-contract=fast', '-Wno-psabi'],
    'avx2_flags': ['-mavx2', '-mfma', '-mbmi', '-mbmi2', '-mf16c'],
    # g++ 12 warns falsely about uninitialised values inside its own AVX-512 headers.
    'avx512_flags': ['-mavx512f', '-mavx512cd', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mprefer-vector-width=512', '-Wno-uninitialized', '-Wno-maybe-uninitialized'],
  },
  'target_defaults': {
    'include_dirs': ['.'],
    # Node's own defaults: C++ without exceptions, -O3, and link-time optimisation where Node was built with it, which
    # would mix the instruction sets.
    'cflags/': [['exclude', '^-O3$'], ['exclude', 'lto'], ['exclude', 'frame-pointer'], ['exclude', 'unused-parameter']],
    'ldflags/': [['exclude', 'lto']],
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-fno-exceptions', '-fno-rtti'],
    'cflags_cc': ['-std=c++20', '-O2', '-fexceptions', '-fvisibility=hidden', '-Wall', '-Wextra', '-pthread'],
    'ldflags': ['-pthread'],
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
      'CLANG_CXX_LIBRARY': 'libc++',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'GCC_ENABLE_CPP_RTTI': 'YES',
      'GCC_OPTIMIZATION_LEVEL': '2',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
    },
    'conditions': [
      ['OS=="linux"', {'ldflags': ['-static-libstdc++', '-static-libgcc']}],
    ],
    # Only the binding sees Node's headers, whose paths are the absolute ones, and node-addon-api's.
    'target_conditions': [
      ['_target_name!="anneal"', {'include_dirs/': [['exclude', '^/']]}],
    ],
  },
  'targets': [
    {
      'target_name': 'engine',
      'type': 'static_library',
      'cflags_cc': ['<@(hardening_flags)'],
      'sources': ['<@(engine)'],
    },
    {
      # What waits for other processes and not for the processor: small rather than fast.
      'target_name': 'compact',
      'type': 'static_library',
      'cflags_cc': ['<@(hardening_flags)', '-Os'],
      'xcode_settings': {'GCC_OPTIMIZATION_LEVEL': 's'},
      'sources': ['<@(compact)'],
    },
    {
      'target_name': 'anneal',
      'cflags_cc': ['<@(hardening_flags)'],
      'sources': ['<@(binding)'],
      'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
      'defines': ['NAPI_VERSION=8', 'NAPI_CPP_EXCEPTIONS', 'NODE_ADDON_API_CPP_EXCEPTIONS_ALL', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      'dependencies': ['engine', 'compact', 'levels'],
      # The engine's threads outlive an environment: its code must stay mapped after the addon is closed.
      'conditions': [['OS=="linux"', {'ldflags': ['-Wl,-z,nodelete', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,--version-script=../binding/exports.map']}]],
    },
    {
      # The levels, and the one file that knows which of them there are.
      'target_name': 'levels',
      'type': 'static_library',
      'sources': ['<@(dispatch)'],
      'conditions': [
        ['"sse2" in levels', {'dependencies': ['kernels_sse2'], 'defines': ['ANNEAL_HAS_SSE2']}],
        ['"avx2" in levels', {'dependencies': ['kernels_avx2'], 'defines': ['ANNEAL_HAS_AVX2']}],
        ['"avx512" in levels', {'dependencies': ['kernels_avx512'], 'defines': ['ANNEAL_HAS_AVX512']}],
        ['"neon" in levels', {'dependencies': ['kernels_neon'], 'defines': ['ANNEAL_HAS_NEON']}],
      ],
    },
  ],
  'conditions': [
    ['has_tests==1', {
      'targets': [
        {
          'target_name': 'engine_tests',
          'type': 'executable',
          'sources': ['<@(test)'],
          'dependencies': ['engine', 'compact', 'levels'],
        },
      ],
    }],
    ['"sse2" in levels', {
      'targets': [
        {
          'target_name': 'kernels_sse2',
          'type': 'static_library',
          'sources': ['<@(kernels)'],
          # What hardly any processor of the last ten years needs: small rather than fast.
          'defines': ['ANNEAL_LEVEL=sse2'],
          'cflags_cc': ['<@(kernel_flags)', '-Os'],
          'xcode_settings': {'OTHER_CPLUSPLUSFLAGS': ['<@(kernel_flags)'], 'GCC_OPTIMIZATION_LEVEL': 's'},
        },
      ],
    }],
    ['"avx2" in levels', {
      'targets': [
        {
          'target_name': 'kernels_avx2',
          'type': 'static_library',
          'sources': ['<@(kernels)'],
          'defines': ['ANNEAL_LEVEL=avx2'],
          'cflags_cc': ['<@(kernel_flags)', '<@(avx2_flags)'],
          'xcode_settings': {'OTHER_CPLUSPLUSFLAGS': ['<@(kernel_flags)', '<@(avx2_flags)']},
        },
      ],
    }],
    ['"avx512" in levels', {
      'targets': [
        {
          'target_name': 'kernels_avx512',
          'type': 'static_library',
          'sources': ['<@(kernels)'],
          'defines': ['ANNEAL_LEVEL=avx512'],
          'cflags_cc': ['<@(kernel_flags)', '<@(avx2_flags)', '<@(avx512_flags)'],
          'xcode_settings': {'OTHER_CPLUSPLUSFLAGS': ['<@(kernel_flags)', '<@(avx2_flags)', '<@(avx512_flags)']},
        },
      ],
    }],
    ['"neon" in levels', {
      'targets': [
        {
          'target_name': 'kernels_neon',
          'type': 'static_library',
          'sources': ['<@(kernels)'],
          'defines': ['ANNEAL_LEVEL=neon'],
          'cflags_cc': ['<@(kernel_flags)'],
          'xcode_settings': {'OTHER_CPLUSPLUSFLAGS': ['<@(kernel_flags)']},
        },
      ],
    }],
  ],
}

// A meter's instruments and the temporary folder are the whole process's, and a server shows all of them.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
